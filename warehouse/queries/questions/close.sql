UPDATE question
SET status = $status, closed_at = current_timestamp
WHERE question_key IN (SELECT unnest($keys)) AND status IN ('pending', 'open')
