INSERT INTO question_image
SELECT question_key, position - 1, images[position]
FROM (
    SELECT question_key, images, unnest(generate_series(1, len(images))) AS position
    FROM (FROM incoming QUALIFY row_number() OVER (PARTITION BY question_key ORDER BY row_position) = 1)
)
ANTI JOIN question_image USING (question_key)
