-- What each class has, from every standing statement: the same as recognition.audit counts photo by photo, in one pass.
-- Ten million statements are the measure: what is rare (several statements, near duplicates) is taken apart from the rest.
-- `label_settled`: the photos about which people disagreed, and one answer was probable enough.
WITH weighed AS MATERIALIZED (
    FROM photo_labels() WHERE claims IS NOT NULL
),
families AS (
    SELECT coalesce(product_identity.product, listing.sku) AS member, listing.source || '/' || listing.product_group AS name
    FROM listing
    LEFT JOIN product_identity USING (sku)
    WHERE listing.product_group IS NOT NULL
    QUALIFY
        row_number() OVER (
            PARTITION BY coalesce(product_identity.product, listing.sku)
            ORDER BY listing.first_seen_at, listing.source, listing.sku
        ) = 1
),
contradicted AS (
    SELECT sha256, unnest(claims) AS sku FROM weighed ANTI JOIN label_settled USING (sha256) WHERE conflict
),
of_families AS (
    SELECT sha256, count(DISTINCT coalesce(families.name, contradicted.sku)) > 1 AS several
    FROM contradicted
    LEFT JOIN families ON families.member = contradicted.sku
    GROUP BY sha256
),
claims AS (
    SELECT sha256, sku, false AS conflict, false AS several
    FROM label_standing ANTI JOIN weighed USING (sha256)
    WHERE sku IS NOT NULL
    UNION ALL
    SELECT sha256, sku, false, false FROM weighed WHERE NOT conflict AND sku IS NOT NULL
    UNION ALL
    SELECT sha256, label_settled.sku, false, false FROM label_settled WHERE sku IS NOT NULL
    UNION ALL
    SELECT sha256, sku, true, several FROM contradicted JOIN of_families USING (sha256)
),
refused AS (
    SELECT sha256 FROM image WHERE reason IS NOT NULL AND reason <> 'ok'
),
several_photos AS (
    SELECT DISTINCT group_id FROM duplicate_group WHERE group_id <> sha256
),
grouped AS (
    -- A photo that is like no other needs no group to be counted.
    SELECT sha256, group_id FROM duplicate_group SEMI JOIN several_photos USING (group_id)
    UNION
    SELECT group_id, group_id FROM several_photos
),
counted AS (
    SELECT
        claims.sku,
        count(*) AS images,
        count(refused.sha256) AS unusable,
        count(*) FILTER (refused.sha256 IS NULL AND several) AS conflicts,
        count(*) FILTER (refused.sha256 IS NULL AND NOT conflict AND grouped.group_id IS NULL)
        + count(DISTINCT grouped.group_id) FILTER (refused.sha256 IS NULL AND NOT conflict) AS samples
    FROM claims
    LEFT JOIN refused USING (sha256)
    LEFT JOIN grouped USING (sha256)
    GROUP BY claims.sku
)
SELECT
    sku,
    coalesce(counted.samples, 0) AS samples,
    coalesce(counted.images, 0) AS images,
    coalesce(counted.conflicts, 0) AS conflicts,
    coalesce(counted.unusable, 0) AS unusable
FROM (SELECT sku FROM product ANTI JOIN product_identity USING (sku)) AS known
FULL JOIN counted USING (sku)
ORDER BY sku
