INSERT INTO run_stage VALUES ($run_id, $stage, $seconds, $summary)
ON CONFLICT DO UPDATE SET seconds = excluded.seconds, summary = excluded.summary
