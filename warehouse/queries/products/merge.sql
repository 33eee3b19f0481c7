-- One row at most per SKU is merged: the best of what came in. It leads (its fields win) where it comes from a better
-- origin than the stored row, or from the same source and is not older; else it only fills gaps.
WITH ranked AS (
    SELECT *, CASE named_by WHEN 'catalogue' THEN 3 WHEN 'annotator' THEN 2 ELSE 1 END AS rank
    FROM incoming
),
best AS (
    SELECT *
    FROM ranked
    QUALIFY row_number() OVER (PARTITION BY sku ORDER BY rank DESC, updated_at DESC, row_position DESC) = 1
),
compared AS (
    SELECT
        best.*,
        rank > CASE old.named_by WHEN 'catalogue' THEN 3 WHEN 'annotator' THEN 2 ELSE 1 END
        OR (best.named_by = old.named_by AND best.source = old.source AND best.updated_at >= old.updated_at) AS leads,
        old AS old
    FROM best
    JOIN product AS old USING (sku)
),
merged AS (
    SELECT
        sku,
        CASE WHEN leads THEN title ELSE old.title END AS title,
        CASE WHEN leads THEN coalesce(brand, old.brand) ELSE coalesce(old.brand, brand) END AS brand,
        CASE WHEN leads THEN coalesce(category, old.category) ELSE coalesce(old.category, category) END AS category,
        CASE WHEN leads THEN coalesce(gtin, old.gtin) ELSE coalesce(old.gtin, gtin) END AS gtin,
        CASE WHEN leads THEN coalesce(description, old.description) ELSE coalesce(old.description, description) END
            AS description,
        CASE WHEN leads THEN coalesce(url, old.url) ELSE coalesce(old.url, url) END AS url,
        CASE WHEN leads THEN source ELSE old.source END AS source,
        CASE WHEN leads THEN named_by ELSE old.named_by END AS named_by,
        greatest(updated_at, old.updated_at) AS updated_at
    FROM compared
)
UPDATE product
SET
    title = merged.title,
    brand = merged.brand,
    category = merged.category,
    gtin = merged.gtin,
    description = merged.description,
    url = merged.url,
    source = merged.source,
    named_by = merged.named_by,
    updated_at = merged.updated_at
FROM merged
WHERE
    product.sku = merged.sku
    AND (
        product.title, product.brand, product.category, product.gtin, product.description, product.url, product.source,
        product.named_by
    ) IS DISTINCT FROM (
        merged.title, merged.brand, merged.category, merged.gtin, merged.description, merged.url, merged.source,
        merged.named_by
    )
