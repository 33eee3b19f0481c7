INSERT INTO answer
SELECT annotation_id, "at", question_key, annotator, kind, sku, seconds, run_id
FROM incoming
ORDER BY row_position
ON CONFLICT DO NOTHING
