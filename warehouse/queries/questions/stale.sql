WITH waiting AS (
    SELECT question.question_key, question.arm, question.task_id, question_image.sha256
    FROM question
    JOIN question_image USING (question_key)
    WHERE question.status IN ('pending', 'open')
),
judged AS (
    SELECT
        waiting.question_key,
        any_value(waiting.task_id) AS task_id,
        any_value(waiting.arm) AS arm,
        bool_or(labelled.sha256 IS NOT NULL) AS elsewhere,
        bool_and(coalesce(prediction.verdict = 'sure', false)) AS sure
    FROM waiting
    LEFT JOIN label_standing AS labelled
        ON labelled.sha256 = waiting.sha256 AND labelled.question_key IS DISTINCT FROM waiting.question_key
    LEFT JOIN prediction ON prediction.sha256 = waiting.sha256 AND prediction.release_id = $release_id
    GROUP BY waiting.question_key
)
SELECT question_key, task_id, CASE WHEN elsewhere THEN 'labelled_elsewhere' ELSE 'sure_now' END AS reason
FROM judged
WHERE elsewhere OR (sure AND arm <> 'random')
ORDER BY question_key
