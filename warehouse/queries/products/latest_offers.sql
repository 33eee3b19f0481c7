SELECT sku, source, price, currency, availability, seen_at, crawl_id
FROM offer
QUALIFY row_number() OVER (PARTITION BY sku ORDER BY seq DESC) = 1
ORDER BY sku
