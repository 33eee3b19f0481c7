SELECT sha256, path, phash
FROM image
SEMI JOIN (SELECT sha256 FROM image_origin WHERE kind = 'camera') USING (sha256)
ANTI JOIN label_standing USING (sha256)
WHERE reason = 'ok'
ORDER BY sha256
