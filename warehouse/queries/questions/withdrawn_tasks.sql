SELECT question_key, task_id
FROM question
WHERE status = 'withdrawn' AND task_id IS NOT NULL
ORDER BY question_key
