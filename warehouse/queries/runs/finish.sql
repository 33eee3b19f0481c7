-- The first end stays, with two exceptions: whoever swept a run as crashed may have been wrong, so its own word about its
-- end is taken instead; and what fails after the end was recorded (the snapshot) is worse than a good end.
UPDATE run
SET status = $status, reason = $reason, finished_at = current_timestamp
WHERE run_id = $run_id AND (finished_at IS NULL OR status = 'crashed' OR $status = 'failed')
