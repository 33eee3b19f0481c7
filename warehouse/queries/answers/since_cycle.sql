-- The cycle that asks has not ended yet: what it pulled itself belongs to it.
WITH taught AS (
    SELECT max(started_at) AS started_at FROM run WHERE flow = 'cycle' AND status IN ('completed', 'degraded')
)
SELECT
    answer.annotation_id,
    answer.question_key,
    question.arm,
    answer.annotator,
    answer.kind,
    answer.sku,
    answer.seconds
FROM answer
JOIN run USING (run_id)
JOIN question USING (question_key)
LEFT JOIN taught ON true
WHERE taught.started_at IS NULL OR run.started_at > taught.started_at
QUALIFY row_number() OVER (PARTITION BY answer.annotation_id ORDER BY answer.answered_at DESC) = 1
ORDER BY answer.answered_at, answer.annotation_id
