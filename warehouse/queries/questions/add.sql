-- A question that was withdrawn or lost may be asked again; one that is pending, open or answered stays as it is.
INSERT INTO question
SELECT
    question_key, kind, arm, run_id, night_id, release_id, sheet_path, score, reason, asked_at, 'pending', NULL, NULL
FROM (FROM incoming QUALIFY row_number() OVER (PARTITION BY question_key ORDER BY row_position) = 1)
ANTI JOIN (SELECT question_key FROM question WHERE status NOT IN ('withdrawn', 'lost')) USING (question_key)
ON CONFLICT DO UPDATE SET
    arm = excluded.arm,
    run_id = excluded.run_id,
    night_id = excluded.night_id,
    release_id = excluded.release_id,
    sheet_path = excluded.sheet_path,
    score = excluded.score,
    reason = excluded.reason,
    asked_at = excluded.asked_at,
    status = excluded.status,
    task_id = excluded.task_id,
    closed_at = excluded.closed_at
