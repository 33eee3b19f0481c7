SELECT any_value(image.path ORDER BY image.sha256) AS path, product.title AS caption
FROM product
JOIN run ON run.run_id = product.first_seen_run
JOIN label_standing ON label_standing.sku = product.sku
JOIN image ON image.sha256 = label_standing.sha256 AND image.reason = 'ok'
WHERE run.label = $label
GROUP BY product.sku, product.title
ORDER BY product.sku
LIMIT $most
