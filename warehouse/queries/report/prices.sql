WITH every AS (
    SELECT
        offer.*,
        lag(offer.price) OVER before_it AS price_before,
        lag(offer.availability) OVER before_it AS availability_before
    FROM offer
    WINDOW before_it AS (PARTITION BY offer.sku, offer.source ORDER BY offer.seq)
)
SELECT
    every.sku, product.title, every.source, every.price_before AS "was", every.price AS "is", every.currency,
    every.availability_before AS "availability was", every.availability AS "availability is"
FROM every
JOIN crawl USING (crawl_id)
JOIN run ON run.run_id = crawl.run_id
LEFT JOIN product ON product.sku = every.sku
WHERE
    run.label = $label
    AND (every.price_before IS NOT NULL AND every.price IS DISTINCT FROM every.price_before
    OR every.availability_before IS NOT NULL AND every.availability IS DISTINCT FROM every.availability_before)
ORDER BY abs(every.price - every.price_before) / nullif(every.price_before, 0) DESC NULLS LAST, every.sku
LIMIT 20
