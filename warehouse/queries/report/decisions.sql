SELECT decision.subject_kind AS subject, decision.action, decision.reason, count(*) AS decisions
FROM decision
JOIN run USING (run_id)
WHERE run.label = $label AND run.flow = $flow
GROUP BY ALL
ORDER BY ALL
