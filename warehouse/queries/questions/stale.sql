WITH waiting AS (
    SELECT question.question_key, question.kind, question.arm, question.task_id, question_image.sha256
    FROM question
    JOIN question_image USING (question_key)
    WHERE question.status IN ('pending', 'open')
),
judged AS (
    SELECT
        waiting.question_key,
        any_value(waiting.task_id) AS task_id,
        any_value(waiting.arm) AS arm,
        -- These are about photos that have a label: it is their doubt that must have gone.
        any_value(waiting.arm IN ('conflict', 'suspect')) AS about_a_label,
        bool_or(waiting.sha256 IN (SELECT unnest($doubted))) AS doubted,
        bool_or(labelled.sha256 IS NOT NULL) AS elsewhere,
        bool_and(coalesce(prediction.verdict = 'sure', false)) AS sure
    FROM waiting
    LEFT JOIN label_standing AS labelled
        ON labelled.sha256 = waiting.sha256 AND labelled.question_key IS DISTINCT FROM waiting.question_key
    LEFT JOIN prediction ON prediction.sha256 = waiting.sha256 AND prediction.release_id = $release_id
    GROUP BY waiting.question_key
)
SELECT
    question_key,
    task_id,
    CASE WHEN about_a_label THEN 'no_doubt_left' WHEN elsewhere THEN 'labelled_elsewhere' ELSE 'sure_now' END AS reason
FROM judged
WHERE
    (about_a_label AND NOT doubted)
    -- Golden questions measure people, and the random arm measures what a release is sure of, too.
    OR (NOT about_a_label AND elsewhere AND arm <> 'golden')
    OR (NOT about_a_label AND sure AND arm NOT IN ('golden', 'random', 'few_samples'))
ORDER BY question_key
