INSERT INTO duplicate_group
SELECT incoming.key, incoming.value
FROM incoming
LEFT JOIN duplicate_group AS old ON old.sha256 = incoming.key
WHERE old.group_id IS DISTINCT FROM incoming.value
ON CONFLICT DO UPDATE SET group_id = excluded.group_id
