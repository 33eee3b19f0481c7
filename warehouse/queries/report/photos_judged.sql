SELECT image.path, coalesce(product.title, first_judgement.sku, 'no known product') AS caption
FROM first_judgement
JOIN image USING (sha256)
LEFT JOIN product ON product.sku = first_judgement.sku
WHERE first_judgement.night_id = $label AND first_judgement.verdict = $verdict
ORDER BY image.sha256
LIMIT $most
