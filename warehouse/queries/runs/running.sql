SELECT run_id, flow, label, pid, host, started_at, finished_at, status, reason
FROM run
WHERE finished_at IS NULL
ORDER BY started_at, run_id
