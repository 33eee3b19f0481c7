SELECT image.sha256, duplicate_group.group_id
FROM image
JOIN duplicate_group USING (sha256)
JOIN incoming ON incoming.key = duplicate_group.group_id
WHERE image.reason = 'ok'
ORDER BY image.sha256
