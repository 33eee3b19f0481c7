SELECT
    image.sha256, image.path, image.format, image.first_seen_run, image.width, image.height, image.sharpness,
    image.brightness, image.contrast, image.reason, duplicate_group.group_id, sample_part.part
FROM image
LEFT JOIN duplicate_group USING (sha256)
LEFT JOIN sample_part USING (sha256)
WHERE starts_with(image.sha256, $start)
LIMIT 2
