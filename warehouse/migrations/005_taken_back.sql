-- Statements that were taken back: one view knows which ones still stand, and whoever reads labels reads it.

COMMENT ON COLUMN label_event.event_id IS 'Key of the content: the same statement is stored once. What takes another back is called withdrawn- and that one''s key.';
COMMENT ON COLUMN label_event.kind IS 'sku, not_a_product, bad_photo, or withdrawn: an earlier statement is taken back.';
COMMENT ON COLUMN label_event.actor IS 'Which annotator or source said it, or who took it back.';
COMMENT ON COLUMN question.status IS 'pending (not pushed yet), open, answered, dissolved (a group of several products), withdrawn or lost (its task is gone).';
COMMENT ON COLUMN question.closed_at IS 'When it was answered, dissolved, withdrawn or lost.';
COMMENT ON COLUMN question_whole.status IS 'pending, open, answered, dissolved, withdrawn or lost.';
COMMENT ON COLUMN question_whole.closed_at IS 'When it was answered, dissolved, withdrawn or lost.';

CREATE VIEW label_standing AS
SELECT
    said.event_id,
    said.seq,
    said.sha256,
    said.kind,
    said.sku,
    said.origin,
    said.actor,
    said.labelled_at,
    said.question_key,
    said.annotation_id
FROM label_event AS said
ANTI JOIN label_event AS back ON back.event_id = 'withdrawn-' || said.event_id
WHERE said.kind <> 'withdrawn';
COMMENT ON VIEW label_standing IS 'What was said of each photo and nobody took back?';
COMMENT ON COLUMN label_standing.event_id IS 'Key of the content.';
COMMENT ON COLUMN label_standing.seq IS 'Order of the statements.';
COMMENT ON COLUMN label_standing.sha256 IS 'The image.';
COMMENT ON COLUMN label_standing.kind IS 'sku, not_a_product or bad_photo.';
COMMENT ON COLUMN label_standing.sku IS 'The product, where kind is sku.';
COMMENT ON COLUMN label_standing.origin IS 'catalogue, folder or annotator; a person outranks the others.';
COMMENT ON COLUMN label_standing.actor IS 'Which annotator or source said it.';
COMMENT ON COLUMN label_standing.labelled_at IS 'When it was said.';
COMMENT ON COLUMN label_standing.question_key IS 'The question it answers, if any.';
COMMENT ON COLUMN label_standing.annotation_id IS 'The annotation in Label Studio, if any.';

CREATE OR REPLACE VIEW why_excluded AS
WITH moved AS (
    SELECT
        sku,
        run_id,
        decided_at,
        audit_seq,
        tier,
        lag(tier) OVER (PARTITION BY sku ORDER BY audit_seq) AS left_tier
    FROM class_audit
),
last_move AS (
    SELECT sku, left_tier, run_id, decided_at
    FROM moved
    WHERE tier IS DISTINCT FROM left_tier
    QUALIFY row_number() OVER (PARTITION BY sku ORDER BY audit_seq DESC) = 1
),
claimed AS (
    SELECT sku, sha256 FROM label_standing WHERE sku IS NOT NULL
    UNION
    SELECT sku, sha256 FROM image_origin WHERE sku IS NOT NULL
),
bad AS (
    SELECT claimed.sku, image.reason, count(*) AS images
    FROM claimed
    JOIN image USING (sha256)
    WHERE image.reason <> 'ok'
    GROUP BY claimed.sku, image.reason
),
bad_by_sku AS (
    SELECT sku, string_agg(reason || ': ' || images, ', ' ORDER BY images DESC, reason) AS bad_images
    FROM bad
    GROUP BY sku
)
SELECT
    class_now.sku,
    class_now.title,
    class_now.tier,
    class_now.reason,
    class_now.samples,
    class_now.conflicts,
    class_now.unusable,
    bad_by_sku.bad_images,
    last_move.left_tier AS previous_tier,
    last_move.decided_at AS since,
    last_move.run_id AS since_run
FROM class_now
LEFT JOIN last_move USING (sku)
LEFT JOIN bad_by_sku USING (sku)
WHERE class_now.tier <> 'trained'
ORDER BY class_now.sku;
COMMENT ON VIEW why_excluded IS 'Why is a class not trained, and since when? One row per class that is not.';
COMMENT ON COLUMN why_excluded.sku IS 'The class.';
COMMENT ON COLUMN why_excluded.title IS 'What it is called.';
COMMENT ON COLUMN why_excluded.tier IS 'gallery or quarantined.';
COMMENT ON COLUMN why_excluded.reason IS 'Why it has that tier.';
COMMENT ON COLUMN why_excluded.samples IS 'Near-duplicate groups of usable images without conflict.';
COMMENT ON COLUMN why_excluded.conflicts IS 'Images whose labels contradict each other.';
COMMENT ON COLUMN why_excluded.unusable IS 'Images that the quality rules keep out.';
COMMENT ON COLUMN why_excluded.bad_images IS 'What is wrong with those, in words: blurred: 3, too_small: 1.';
COMMENT ON COLUMN why_excluded.previous_tier IS 'The tier it had before; empty where it never had another.';
COMMENT ON COLUMN why_excluded.since IS 'Since when it has this tier.';
COMMENT ON COLUMN why_excluded.since_run IS 'The run that gave it this tier.';

CREATE OR REPLACE VIEW duplicate_groups AS
WITH named AS (
    SELECT sha256, list(DISTINCT sku ORDER BY sku) AS skus
    FROM label_standing
    WHERE sku IS NOT NULL
    GROUP BY sha256
)
SELECT
    duplicate_group.group_id,
    count(*) AS images,
    list(duplicate_group.sha256 ORDER BY duplicate_group.sha256) AS members,
    coalesce(list_sort(list_distinct(flatten(list(named.skus) FILTER (named.skus IS NOT NULL)))), []) AS skus,
    any_value(sample_part.part) AS part
FROM duplicate_group
LEFT JOIN named USING (sha256)
LEFT JOIN sample_part USING (sha256)
GROUP BY duplicate_group.group_id
HAVING count(*) > 1
ORDER BY images DESC, duplicate_group.group_id;
COMMENT ON VIEW duplicate_groups IS 'Which images are nearly the same? Groups of two and more; each counts as one sample.';
COMMENT ON COLUMN duplicate_groups.group_id IS 'Smallest sha256 of the group.';
COMMENT ON COLUMN duplicate_groups.images IS 'How many.';
COMMENT ON COLUMN duplicate_groups.members IS 'Their sha256.';
COMMENT ON COLUMN duplicate_groups.skus IS 'The products they are said to show: two and more are suspicious.';
COMMENT ON COLUMN duplicate_groups.part IS 'Their side of the split; empty where none has a label.';
