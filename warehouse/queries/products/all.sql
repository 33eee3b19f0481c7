SELECT sku, title, brand, category, gtin, description, url, source, named_by, first_seen_run, updated_at
FROM product
ANTI JOIN product_identity USING (sku)
ORDER BY sku
