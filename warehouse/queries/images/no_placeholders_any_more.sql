SELECT image.sha256
FROM image
LEFT JOIN duplicate_group USING (sha256)
WHERE image.reason = 'placeholder' AND coalesce(duplicate_group.group_id, '') NOT IN (SELECT key FROM incoming)
ORDER BY image.sha256
