INSERT INTO question_candidate
SELECT question_key, position - 1, candidates[position].sku, candidates[position].score
FROM (
    SELECT question_key, candidates, unnest(generate_series(1, len(candidates))) AS position
    FROM (FROM incoming QUALIFY row_number() OVER (PARTITION BY question_key ORDER BY row_position) = 1)
)
ANTI JOIN question_candidate USING (question_key)
