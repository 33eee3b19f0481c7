SELECT sku, source, price, currency, availability, seen_at, crawl_id FROM offer WHERE sku = $sku ORDER BY seq DESC LIMIT 1
