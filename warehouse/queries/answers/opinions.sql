-- Of an edited answer the last form counts.
SELECT annotator, question_key, kind, sku
FROM answer
QUALIFY row_number() OVER (PARTITION BY annotation_id ORDER BY answered_at DESC) = 1
ORDER BY annotation_id
