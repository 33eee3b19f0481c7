-- A cycle is taught what it pulls itself, and what was pulled before it began.
WITH taught AS (
    SELECT max(started_at) AS started_at FROM run WHERE flow = 'cycle' AND status IN ('completed', 'degraded')
)
SELECT count(DISTINCT answer.question_key), min(answer.answered_at)
FROM answer
JOIN run USING (run_id)
LEFT JOIN taught ON true
WHERE taught.started_at IS NULL OR run.started_at > taught.started_at
