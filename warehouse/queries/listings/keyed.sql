WITH named AS (
    SELECT listing.*, coalesce(product_identity.product, listing.sku) AS product
    FROM listing
    LEFT JOIN product_identity USING (sku)
),
shared AS (
    SELECT gtin_key AS key FROM named WHERE gtin_key IS NOT NULL GROUP BY key HAVING count(DISTINCT product) > 1
    UNION ALL
    SELECT mpn_key FROM named WHERE mpn_key IS NOT NULL GROUP BY mpn_key HAVING count(DISTINCT product) > 1
),
concerned AS (
    SELECT DISTINCT product FROM named WHERE gtin_key IN (FROM shared) OR mpn_key IN (FROM shared)
)
SELECT source, sku, product, gtin_key, mpn_key, first_seen_at
FROM named
SEMI JOIN concerned USING (product)
ORDER BY source, sku
