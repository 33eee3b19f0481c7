SELECT sha256, sku, rival, score
FROM label_suspicion
WHERE taught = $taught
ORDER BY score DESC, sha256
