INSERT INTO question_stray
SELECT question_key, sha256, annotation_id
FROM incoming
ORDER BY row_position
ON CONFLICT DO NOTHING
