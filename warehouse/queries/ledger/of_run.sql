SELECT subject FROM decision WHERE run_id = $run_id AND action = $action ORDER BY seq
