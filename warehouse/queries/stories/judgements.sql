SELECT predicted_at AS "at", release_id, night_id, verdict, sku, confidence, similarity
FROM prediction
WHERE sha256 = $sha256
ORDER BY predicted_at, release_id
