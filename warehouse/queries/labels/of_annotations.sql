SELECT DISTINCT sha256, annotation_id
FROM label_standing
WHERE kind = 'sku' AND annotation_id IN (SELECT unnest($annotations))
ORDER BY sha256, annotation_id
