-- Of a product that several shops list, the oldest listing that tells of a group.
SELECT coalesce(product_identity.product, listing.sku) AS product, listing.source || '/' || listing.product_group
FROM listing
LEFT JOIN product_identity USING (sku)
WHERE listing.product_group IS NOT NULL
QUALIFY
    row_number() OVER (
        -- In full: the name alone would be that of the column of product_identity, which is empty for most.
        PARTITION BY coalesce(product_identity.product, listing.sku)
        ORDER BY listing.first_seen_at, listing.source, listing.sku
    ) = 1
