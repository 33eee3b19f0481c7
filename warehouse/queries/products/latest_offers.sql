-- Of a product that several sources offer, one that still lists it, and of those the one that changed last.
WITH named AS (
    SELECT offer.*, coalesce(product_identity.product, offer.sku) AS product
    FROM offer
    LEFT JOIN product_identity USING (sku)
    QUALIFY row_number() OVER (PARTITION BY offer.source, offer.sku ORDER BY offer.seq DESC) = 1
)
SELECT
    named.product AS sku,
    named.source,
    named.price,
    named.currency,
    named.availability,
    greatest(named.seen_at, listing.last_seen_at) AS seen_at,
    named.crawl_id
FROM named
LEFT JOIN listing ON listing.source = named.source AND listing.sku = named.sku
QUALIFY row_number() OVER (
    PARTITION BY named.product ORDER BY named.availability IS NOT DISTINCT FROM $gone, named.seq DESC
) = 1
ORDER BY sku
