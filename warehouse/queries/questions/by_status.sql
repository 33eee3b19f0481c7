SELECT * FROM question_whole WHERE status = $status ORDER BY score DESC, question_key
