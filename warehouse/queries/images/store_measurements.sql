UPDATE image
SET
    width = measured.width,
    height = measured.height,
    sharpness = measured.sharpness,
    brightness = measured.brightness,
    contrast = measured.contrast,
    phash = measured.phash,
    reason = measured.reason
FROM (FROM incoming QUALIFY row_number() OVER (PARTITION BY sha256 ORDER BY row_position DESC) = 1) AS measured
WHERE image.sha256 = measured.sha256
