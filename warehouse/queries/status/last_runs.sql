SELECT run_id, flow, label, pid, host, started_at, finished_at, status, reason
FROM run
ORDER BY started_at DESC, run_id DESC
LIMIT 5
