WITH offered AS (
    FROM offer
    WHERE source = $source
    QUALIFY row_number() OVER (PARTITION BY sku ORDER BY seq DESC) = 1
)
SELECT
    listing.sku,
    listing.title,
    listing.gone_at IS NOT NULL AS is_gone,
    CAST(offered.price AS DOUBLE) AS price,
    offered.currency
FROM listing
LEFT JOIN offered USING (sku)
WHERE listing.source = $source
ORDER BY listing.sku
