SELECT decision_id, run_id, decided_at AS "at", subject_kind, subject, action, reason, detail, seq
FROM decision
WHERE subject_kind = $subject_kind AND subject = $subject
ORDER BY seq DESC
