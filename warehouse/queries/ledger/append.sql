INSERT INTO decision
SELECT
    decision_id,
    coalesce((SELECT max(seq) FROM decision), 0) + row_number() OVER (ORDER BY row_position),
    run_id, "at", subject_kind, subject, action, reason, detail
FROM (FROM incoming QUALIFY row_number() OVER (PARTITION BY decision_id ORDER BY row_position) = 1) AS decided
ANTI JOIN decision USING (decision_id)
