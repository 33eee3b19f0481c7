SELECT stage, round(seconds, 1) AS seconds, summary AS "what came of it" FROM run_stage WHERE run_id = $run_id ORDER BY rowid
