INSERT INTO label_suspicion
SELECT sha256, $taught, sku, rival, score FROM incoming ORDER BY row_position
ON CONFLICT DO NOTHING
