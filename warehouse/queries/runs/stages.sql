SELECT stage, seconds, summary FROM run_stage WHERE run_id = $run_id ORDER BY rowid
