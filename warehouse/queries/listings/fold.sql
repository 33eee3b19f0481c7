WITH seen AS (
    FROM incoming QUALIFY row_number() OVER (PARTITION BY source, sku ORDER BY seen_at DESC, row_position DESC) = 1
)
INSERT INTO listing
SELECT
    seen.source, seen.sku, seen.title, seen.brand, seen.gtin, seen.mpn, seen.gtin_key, seen.mpn_key,
    seen.product_group, seen.variant, seen.url,
    coalesce(old.first_seen_at, seen.seen_at), seen.seen_at, 0, seen.seen_at, NULL
FROM seen
LEFT JOIN listing AS old USING (source, sku)
WHERE old.sku IS NULL OR seen.seen_at > old.last_seen_at
ON CONFLICT DO UPDATE SET
    title = excluded.title,
    brand = excluded.brand,
    gtin = excluded.gtin,
    mpn = excluded.mpn,
    gtin_key = excluded.gtin_key,
    mpn_key = excluded.mpn_key,
    product_group = excluded.product_group,
    variant = excluded.variant,
    url = excluded.url,
    last_seen_at = excluded.last_seen_at,
    -- What is older than the crawl that found it gone cannot bring it back.
    missed = CASE WHEN excluded.last_seen_at > listing.judged_at THEN 0 ELSE listing.missed END,
    gone_at = CASE WHEN excluded.last_seen_at > listing.judged_at THEN NULL ELSE listing.gone_at END,
    judged_at = greatest(excluded.last_seen_at, listing.judged_at)
