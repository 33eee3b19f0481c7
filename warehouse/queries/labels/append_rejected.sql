INSERT INTO rejected_answer
SELECT annotation_id, task_id, question_key, reason, detail, "at" FROM incoming ORDER BY row_position
ON CONFLICT DO NOTHING
