-- What each class has, from every standing statement: the same as recognition.audit counts photo by photo, in one pass.
-- Ten million statements are the measure: what is rare (people, conflicts, near duplicates) is taken apart from the rest.
-- `label_settled`: the photos about which people disagreed, and one answer was probable enough.
WITH taken_back AS (
    SELECT substr(event_id, length('withdrawn-') + 1) AS event_id FROM label_event WHERE kind = 'withdrawn'
),
standing AS (
    -- As label_standing, which looks every statement up among all of them.
    SELECT said.sha256, said.kind, coalesce(product_identity.product, said.sku) AS sku, origin, actor, labelled_at, seq
    FROM label_event AS said
    ANTI JOIN taken_back USING (event_id)
    LEFT JOIN product_identity ON product_identity.sku = said.sku
    WHERE said.kind <> 'withdrawn'
),
people AS (
    -- People outrank sources, and of one person the newest word counts.
    SELECT
        sha256,
        arg_max(coalesce(sku, ''), (labelled_at, seq)) AS sku,
        arg_max(kind, (labelled_at, seq)) AS kind
    FROM standing
    WHERE origin = 'annotator'
    GROUP BY sha256, actor
),
opinions AS (
    SELECT sha256, nullif(sku, '') AS sku, kind FROM people ANTI JOIN label_settled USING (sha256)
    UNION ALL
    SELECT sha256, sku, 'weighed' FROM label_settled
    UNION ALL
    SELECT sha256, sku, kind FROM standing ANTI JOIN people USING (sha256) WHERE origin <> 'annotator'
),
photos AS (
    SELECT
        sha256,
        any_value(sku) AS sku,
        min(coalesce(sku, kind)) <> max(coalesce(sku, kind)) OR min(kind) <> max(kind) AS conflict
    FROM opinions
    GROUP BY sha256
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
    SELECT DISTINCT sha256, sku FROM opinions SEMI JOIN (FROM photos WHERE conflict) USING (sha256) WHERE sku IS NOT NULL
),
of_families AS (
    SELECT sha256, count(DISTINCT coalesce(families.name, contradicted.sku)) > 1 AS several
    FROM contradicted
    LEFT JOIN families ON families.member = contradicted.sku
    GROUP BY sha256
),
claims AS (
    SELECT sha256, sku, false AS conflict, false AS several FROM photos WHERE NOT conflict AND sku IS NOT NULL
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
