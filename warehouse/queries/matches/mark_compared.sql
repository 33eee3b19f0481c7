INSERT INTO product_compared
SELECT key, value FROM incoming
ON CONFLICT DO UPDATE SET fingerprint = excluded.fingerprint
