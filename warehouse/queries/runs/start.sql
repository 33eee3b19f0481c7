INSERT INTO run
SELECT run_id, flow, label, pid, host, started_at, finished_at, status, reason FROM incoming
ON CONFLICT DO UPDATE SET
    pid = excluded.pid, host = excluded.host, finished_at = excluded.finished_at, status = excluded.status, reason = excluded.reason
