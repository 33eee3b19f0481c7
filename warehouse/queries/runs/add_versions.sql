INSERT INTO run_version SELECT $run_id, key, value FROM incoming ON CONFLICT DO NOTHING
