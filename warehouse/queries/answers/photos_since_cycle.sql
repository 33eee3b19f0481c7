SELECT
    fresh.annotator,
    question.arm,
    fresh.kind,
    fresh.sku,
    question_image.sha256,
    image.path,
    question_stray.sha256 IS NOT NULL AS is_stray
FROM (
    FROM untaught_answers()
    QUALIFY row_number() OVER (PARTITION BY annotation_id ORDER BY answered_at DESC) = 1
) AS fresh
JOIN question USING (question_key)
JOIN question_image USING (question_key)
JOIN image USING (sha256)
LEFT JOIN question_stray
    ON question_stray.annotation_id = fresh.annotation_id AND question_stray.sha256 = question_image.sha256
ORDER BY fresh.answered_at, fresh.annotation_id, question_image.position
