SELECT sku, source, missed, last_seen_at
FROM listing
WHERE source = $source AND missed >= $nights AND gone_at IS NULL
ORDER BY sku
