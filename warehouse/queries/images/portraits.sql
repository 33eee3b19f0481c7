-- The photo that shows a product best to a person: the catalogue's before a folder's before one from an answer.
WITH claims AS (
    SELECT sku, sha256, CASE origin WHEN 'catalogue' THEN 0 WHEN 'folder' THEN 1 ELSE 2 END AS place, seq
    FROM label_event
    WHERE sku IS NOT NULL
)
SELECT claims.sku, first(image.path ORDER BY claims.place, claims.seq)
FROM claims
JOIN image ON image.sha256 = claims.sha256 AND image.reason = 'ok'
GROUP BY claims.sku
ORDER BY claims.sku
