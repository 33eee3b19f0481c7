SELECT
    (SELECT count(DISTINCT sha256) FROM prediction WHERE sku = $sku) AS predictions,
    (
        SELECT count(DISTINCT question_key)
        FROM question_candidate
        JOIN question USING (question_key)
        WHERE sku = $sku AND status = 'open'
    ) AS open_questions
