INSERT INTO sample_part
SELECT incoming.key, incoming.value
FROM incoming
LEFT JOIN sample_part AS old ON old.sha256 = incoming.key
WHERE old.part IS DISTINCT FROM incoming.value
ON CONFLICT DO UPDATE SET part = excluded.part
