-- Of an edited answer the last form counts; what is right is what the photo is labelled today.
WITH answered AS (
    SELECT answer.annotator, answer.sku, question_image.sha256
    FROM answer
    JOIN question USING (question_key)
    JOIN question_image USING (question_key)
    WHERE question.arm = 'golden'
    QUALIFY row_number() OVER (PARTITION BY answer.annotation_id ORDER BY answer.answered_at DESC) = 1
)
SELECT
    answered.annotator,
    count(*) FILTER (WHERE labelled.sha256 IS NOT NULL) AS rights,
    count(*) FILTER (WHERE labelled.sha256 IS NULL) AS wrongs
FROM answered
LEFT JOIN (SELECT DISTINCT sha256, sku FROM label_standing) AS labelled
    ON labelled.sha256 = answered.sha256 AND labelled.sku = answered.sku
GROUP BY answered.annotator
ORDER BY answered.annotator
