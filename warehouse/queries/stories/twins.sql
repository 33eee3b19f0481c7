SELECT image.sha256, image.path, image.reason, said.said_by, sample_part.part
FROM duplicate_group AS mine
JOIN duplicate_group AS other USING (group_id)
JOIN image ON image.sha256 = other.sha256
LEFT JOIN (
    SELECT sha256, string_agg(DISTINCT sku, ', ' ORDER BY sku) AS said_by FROM label_standing GROUP BY sha256
) AS said ON said.sha256 = other.sha256
LEFT JOIN sample_part ON sample_part.sha256 = other.sha256
WHERE mine.sha256 = $sha256 AND other.sha256 <> $sha256
ORDER BY image.sha256
