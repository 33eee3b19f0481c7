SELECT DISTINCT listing.sku, listing.source, listing.missed, listing.last_seen_at
FROM listing
JOIN incoming USING (source, sku)
WHERE listing.gone_at IS NOT NULL AND incoming.seen_at > listing.judged_at
ORDER BY ALL
