-- The photos that show a product best to a person, best first, at most $most of each: the catalogue's before a folder's
-- before one from an answer, and no two that are near duplicates. Where people have spoken of a photo only what they say
-- now counts, so a corrected label is no likeness.
WITH standing AS (
    SELECT said.sha256, said.sku, said.origin, said.seq
    FROM label_standing AS said
    QUALIFY
        said.origin <> 'annotator'
        OR row_number() OVER (
            PARTITION BY said.sha256, said.origin, said.actor ORDER BY said.labelled_at DESC, said.seq DESC
        ) = 1
),
claims AS (
    SELECT
        sha256,
        sku,
        CASE origin WHEN 'catalogue' THEN 0 WHEN 'folder' THEN 1 ELSE 2 END AS place,
        seq,
        bool_or(origin = 'annotator') OVER (PARTITION BY sha256) AS people_spoke
    FROM standing
),
agreed AS (
    SELECT sku, sha256, min(place) AS place, min(seq) AS seq
    FROM claims
    WHERE sku IS NOT NULL
    GROUP BY sku, sha256
    HAVING bool_or(place = 2 OR NOT people_spoke)
),
distinct_ones AS (
    SELECT agreed.sku, image.sha256, image.path, agreed.place, agreed.seq
    FROM agreed
    JOIN image ON image.sha256 = agreed.sha256 AND image.reason = 'ok'
    LEFT JOIN duplicate_group ON duplicate_group.sha256 = image.sha256
    QUALIFY
        row_number() OVER (
            PARTITION BY agreed.sku, coalesce(duplicate_group.group_id, image.sha256) ORDER BY agreed.place, agreed.seq
        ) = 1
)
SELECT sku, sha256, path
FROM distinct_ones
QUALIFY row_number() OVER (PARTITION BY sku ORDER BY place, seq) <= $most
ORDER BY sku, place, seq
