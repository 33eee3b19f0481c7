-- The price stays: it was the last one, and the word beside it says that nobody asks it any more.
INSERT INTO offer
SELECT
    (SELECT max(seq) FROM offer) + row_number() OVER (ORDER BY stored.seq),
    stored.sku, stored.source, stored.price, stored.currency, $gone, listing.judged_at, $crawl_id
FROM (FROM offer QUALIFY row_number() OVER (PARTITION BY source, sku ORDER BY seq DESC) = 1) AS stored
JOIN listing USING (source, sku)
WHERE listing.source = $source AND listing.missed >= $nights AND listing.gone_at IS NULL
