-- Every product with who named it, the shops and folders that know it, and its usable pictures, oldest first.
WITH shown AS (
    SELECT
        label_standing.sku,
        list(DISTINCT image.sha256 ORDER BY image.sha256) AS images,
        list(DISTINCT label_standing.actor) FILTER (label_standing.origin <> 'annotator') AS sources
    FROM label_standing
    JOIN image USING (sha256)
    WHERE label_standing.kind = 'sku' AND image.reason = 'ok'
    GROUP BY label_standing.sku
)
SELECT
    product.sku,
    product.title,
    product.brand,
    product.named_by,
    coalesce(shown.sources, []) AS sources,
    shown.images
FROM product
ANTI JOIN product_identity USING (sku)
JOIN shown USING (sku)
LEFT JOIN run ON run.run_id = product.first_seen_run
ORDER BY run.started_at NULLS FIRST, product.sku
