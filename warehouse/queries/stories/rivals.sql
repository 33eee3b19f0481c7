WITH mistaken AS (
    SELECT CASE WHEN sku = $sku THEN taken_for ELSE sku END AS sku, sum(photos) AS photos
    FROM confusion
    WHERE sku = $sku OR taken_for = $sku
    GROUP BY ALL
),
beside AS (
    -- The best two candidates of a photo, where one of them is this product.
    SELECT CASE WHEN candidates[1].sku = $sku THEN candidates[2].sku ELSE candidates[1].sku END AS sku, count(*) AS photos
    FROM prediction
    WHERE len(candidates) > 1 AND (candidates[1].sku = $sku OR candidates[2].sku = $sku)
    GROUP BY ALL
)
SELECT
    sku,
    product.title,
    CAST(coalesce(mistaken.photos, 0) AS BIGINT) AS mistaken,
    coalesce(beside.photos, 0) AS beside
FROM mistaken
FULL JOIN beside USING (sku)
LEFT JOIN product USING (sku)
WHERE sku <> $sku
ORDER BY mistaken DESC, beside DESC, sku
LIMIT $most
