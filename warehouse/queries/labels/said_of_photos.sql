-- What is said of each photo, as recognition.audit.labels weighs it: people outrank sources, of one person the newest word
-- counts, and every claim of a source does. `disputed`: several people spoke, or sources contradict each other; then kind,
-- sku and origin say nothing.
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
    SELECT
        sha256,
        arg_max(kind, (labelled_at, seq)) AS kind,
        arg_max(coalesce(sku, ''), (labelled_at, seq)) AS sku
    FROM standing
    WHERE origin = 'annotator'
    GROUP BY sha256, actor
)
SELECT sha256, any_value(kind) AS kind, nullif(any_value(sku), '') AS sku, 'annotator' AS origin, count(*) > 1 AS disputed
FROM people
GROUP BY sha256
UNION ALL
SELECT
    sha256,
    min(kind),
    min(sku),
    CASE WHEN min(origin) = max(origin) THEN min(origin) ELSE arg_max(origin, (labelled_at, seq)) END,
    min(kind) <> max(kind) OR min(coalesce(sku, '')) <> max(coalesce(sku, ''))
FROM standing
ANTI JOIN people USING (sha256)
WHERE origin <> 'annotator'
GROUP BY sha256
