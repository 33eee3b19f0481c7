SELECT count(DISTINCT question_key), min(answered_at) FROM untaught_answers()
