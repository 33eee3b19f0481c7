-- Whoever swept a run as crashed may have been wrong: its own word about its end is taken instead.
UPDATE run
SET status = $status, reason = $reason, finished_at = current_timestamp
WHERE run_id = $run_id AND (finished_at IS NULL OR status = 'crashed')
