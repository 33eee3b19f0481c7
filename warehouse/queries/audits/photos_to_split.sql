-- Photos of the classes in which something has to be put on a side of the split: a photo without one, or a group on both.
-- A near-duplicate group goes under the SKU of that of its photos which is first by sha256.
WITH labelled AS (
    SELECT sha256, sku FROM photo_labels() WHERE NOT conflict AND sku IS NOT NULL
    UNION ALL
    SELECT sha256, sku FROM label_settled WHERE sku IS NOT NULL
),
sided AS MATERIALIZED (
    SELECT sha256, sku, group_id, part
    FROM labelled
    JOIN duplicate_group USING (sha256)
    LEFT JOIN sample_part USING (sha256)
),
grouped AS MATERIALIZED (
    SELECT
        group_id,
        arg_min(sku, sha256) AS sku,
        count(part) < count(*) OR min(part) <> max(part) AS is_open
    FROM sided
    GROUP BY group_id
),
concerned AS (
    SELECT group_id, sku FROM grouped SEMI JOIN (FROM grouped WHERE is_open) USING (sku)
)
SELECT sided.sha256, concerned.group_id, concerned.sku, sided.part
FROM concerned
JOIN sided USING (group_id)
ORDER BY sided.sha256
