SELECT * FROM question_whole WHERE question_key IN (SELECT unnest($keys)) ORDER BY question_key
