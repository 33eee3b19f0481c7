SELECT reason, count(*)
FROM image
SEMI JOIN (
    SELECT sha256 FROM label_standing WHERE sku = $sku
    UNION
    SELECT sha256 FROM image_origin WHERE sku = $sku
) USING (sha256)
GROUP BY reason
