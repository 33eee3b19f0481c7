INSERT INTO label_settled
SELECT incoming.sha256, incoming.kind, incoming.sku
FROM incoming
LEFT JOIN label_settled AS old USING (sha256)
WHERE old.sha256 IS NULL OR (old.kind, old.sku) IS DISTINCT FROM (incoming.kind, incoming.sku)
ON CONFLICT DO UPDATE SET kind = excluded.kind, sku = excluded.sku
