-- What several queries ask. What stands is found in one pass: few statements are taken back, so each of those is looked up,
-- not each that stands.

CREATE OR REPLACE VIEW label_standing AS
WITH taken_back AS (
    SELECT substr(event_id, length('withdrawn-') + 1) AS event_id FROM label_event WHERE kind = 'withdrawn'
)
SELECT
    said.event_id,
    said.seq,
    said.sha256,
    said.kind,
    coalesce(product_identity.product, said.sku) AS sku,
    said.origin,
    said.actor,
    said.labelled_at,
    said.question_key,
    said.annotation_id,
    said.sku AS said_sku
FROM label_event AS said
ANTI JOIN taken_back USING (event_id)
LEFT JOIN product_identity ON product_identity.sku = said.sku
WHERE said.kind <> 'withdrawn';
COMMENT ON VIEW label_standing IS 'What was said of each photo and nobody took back?';
COMMENT ON COLUMN label_standing.event_id IS 'Key of the content.';
COMMENT ON COLUMN label_standing.seq IS 'Order of the statements.';
COMMENT ON COLUMN label_standing.sha256 IS 'The image.';
COMMENT ON COLUMN label_standing.kind IS 'sku, not_a_product, bad_photo or several_products.';
COMMENT ON COLUMN label_standing.sku IS 'The product, where kind is sku: labels of a merged SKU are labels of the product.';
COMMENT ON COLUMN label_standing.origin IS 'catalogue, folder or annotator; a person outranks the others.';
COMMENT ON COLUMN label_standing.actor IS 'Which annotator or source said it.';
COMMENT ON COLUMN label_standing.labelled_at IS 'When it was said.';
COMMENT ON COLUMN label_standing.question_key IS 'The question it answers, if any.';
COMMENT ON COLUMN label_standing.annotation_id IS 'The annotation in Label Studio, if any.';
COMMENT ON COLUMN label_standing.said_sku IS 'The SKU that was said, before any merge.';

-- As recognition.audit.labels weighs them: people outrank sources, of one person the newest word counts, and every claim of a
-- source does. Of most photos one thing is said, and that is it: only the others are weighed. They are found by a number that
-- two photos may share, which is enough: whatever is weighed comes out as it should.
CREATE MACRO photo_labels() AS TABLE
WITH several AS (
    SELECT hash(sha256) AS photo FROM label_standing GROUP BY photo HAVING count(*) > 1
),
weighed AS (
    FROM label_standing SEMI JOIN several ON several.photo = hash(label_standing.sha256)
),
people AS (
    SELECT
        sha256,
        arg_max(kind, (labelled_at, seq)) AS kind,
        arg_max(coalesce(sku, ''), (labelled_at, seq)) AS sku
    FROM weighed
    WHERE origin = 'annotator'
    GROUP BY sha256, actor
),
opinions AS (
    SELECT sha256, kind, nullif(sku, '') AS sku, 'annotator' AS origin, NULL AS labelled_at, NULL AS seq FROM people
    UNION ALL
    SELECT sha256, kind, sku, origin, labelled_at, seq FROM weighed ANTI JOIN people USING (sha256) WHERE origin <> 'annotator'
)
SELECT sha256, kind, sku, origin, false AS conflict, false AS several_people, NULL AS claims
FROM label_standing
ANTI JOIN several ON several.photo = hash(label_standing.sha256)
UNION ALL
SELECT
    sha256,
    min(kind),
    min(sku),
    CASE WHEN min(origin) = max(origin) THEN min(origin) ELSE arg_max(origin, (labelled_at, seq)) END,
    min(kind) <> max(kind) OR min(coalesce(sku, '')) <> max(coalesce(sku, '')),
    min(origin) = 'annotator' AND count(*) > 1,
    coalesce(list(DISTINCT sku) FILTER (sku IS NOT NULL), [])
FROM opinions
GROUP BY sha256;
COMMENT ON MACRO TABLE photo_labels IS 'What is said of each photo? Where opinions differ, kind, sku and origin say nothing. Where more than one statement stands, claims has every SKU that is named by those that count.';

-- A cycle is taught what it pulls itself, and what was pulled before it began. While it is at work it has not ended yet: what
-- it pulled itself is among these.
CREATE MACRO untaught_answers() AS TABLE
WITH taught AS (
    SELECT max(started_at) AS started_at FROM run WHERE flow = 'cycle' AND status IN ('completed', 'degraded')
)
SELECT answer.*
FROM answer
JOIN run USING (run_id)
LEFT JOIN taught ON true
WHERE taught.started_at IS NULL OR run.started_at > taught.started_at;
COMMENT ON MACRO TABLE untaught_answers IS 'What was answered since the last cycle that ended well? An answer that was changed is in it in each of its forms.';
