UPDATE question SET task_id = NULL WHERE question_key IN (SELECT unnest($keys)) AND status = 'withdrawn'
