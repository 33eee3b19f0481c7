UPDATE question
SET status = $status, closed_at = CASE WHEN $status IN ('open', 'pending') THEN NULL ELSE current_timestamp END
WHERE question_key IN (SELECT unnest($keys)) AND status IN (SELECT unnest($out_of))
