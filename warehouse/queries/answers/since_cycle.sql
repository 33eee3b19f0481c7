SELECT annotation_id, question_key, question.arm, annotator, fresh.kind, fresh.sku, fresh.seconds
FROM (
    FROM untaught_answers()
    QUALIFY row_number() OVER (PARTITION BY annotation_id ORDER BY answered_at DESC) = 1
) AS fresh
JOIN question USING (question_key)
ORDER BY fresh.answered_at, annotation_id
