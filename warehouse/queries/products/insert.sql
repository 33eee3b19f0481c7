INSERT INTO product
SELECT sku, title, brand, category, gtin, description, url, source, named_by, first_seen_run, updated_at
FROM incoming
QUALIFY row_number() OVER (
    PARTITION BY sku
    ORDER BY CASE named_by WHEN 'catalogue' THEN 3 WHEN 'annotator' THEN 2 ELSE 1 END DESC, updated_at DESC, row_position DESC
) = 1
ON CONFLICT DO NOTHING
