SELECT DISTINCT sha256, sku
FROM label_event
WHERE actor = $source AND origin <> 'annotator' AND sku IS NOT NULL
ORDER BY sha256, sku
