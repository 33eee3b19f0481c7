-- The photos of the questions of answers/since_cycle: the same answers, photo by photo.
WITH taught AS (
    SELECT max(started_at) AS started_at FROM run WHERE flow = 'cycle' AND status IN ('completed', 'degraded')
),

fresh AS (
    SELECT answer.*
    FROM answer
    JOIN run USING (run_id)
    LEFT JOIN taught ON true
    WHERE taught.started_at IS NULL OR run.started_at > taught.started_at
    QUALIFY row_number() OVER (PARTITION BY answer.annotation_id ORDER BY answer.answered_at DESC) = 1
)

SELECT
    fresh.annotator,
    question.arm,
    fresh.kind,
    fresh.sku,
    question_image.sha256,
    image.path,
    question_stray.sha256 IS NOT NULL AS is_stray
FROM fresh
JOIN question USING (question_key)
JOIN question_image USING (question_key)
JOIN image USING (sha256)
LEFT JOIN question_stray
    ON question_stray.annotation_id = fresh.annotation_id AND question_stray.sha256 = question_image.sha256
ORDER BY fresh.answered_at, fresh.annotation_id, question_image.position
