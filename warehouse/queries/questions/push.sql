UPDATE question
SET status = 'open', task_id = CAST(incoming.value AS BIGINT)
FROM incoming
WHERE question.question_key = incoming.key AND question.status = 'pending'
