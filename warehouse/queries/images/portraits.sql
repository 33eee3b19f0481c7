-- The photo that shows a product best to a person: the catalogue's before a folder's before one from an answer. Where
-- people have spoken of a photo only what they say now counts, so a corrected label is no portrait.
WITH standing AS (
    SELECT said.sha256, said.sku, said.origin, said.seq
    FROM label_event AS said
    ANTI JOIN label_event AS back ON back.event_id = 'withdrawn-' || said.event_id
    WHERE said.kind <> 'withdrawn'
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
)
SELECT agreed.sku, first(image.path ORDER BY agreed.place, agreed.seq)
FROM agreed
JOIN image ON image.sha256 = agreed.sha256 AND image.reason = 'ok'
GROUP BY agreed.sku
ORDER BY agreed.sku
