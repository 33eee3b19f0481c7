-- What people disagreed about and the audit settled: a view cannot weigh people, so the audit stores what came of it.

CREATE TABLE label_settled (
    sha256 VARCHAR PRIMARY KEY,
    kind VARCHAR NOT NULL,
    sku VARCHAR
);
COMMENT ON TABLE label_settled IS 'Photos about which people disagreed when they were audited last, and one answer was probable enough to count.';
COMMENT ON COLUMN label_settled.sha256 IS 'The image.';
COMMENT ON COLUMN label_settled.kind IS 'What is believed of it: sku, not_a_product, bad_photo or several_products.';
COMMENT ON COLUMN label_settled.sku IS 'The product, where kind is sku.';

CREATE OR REPLACE VIEW label_conflicts AS
WITH weighed AS (
    SELECT
        label_standing.*,
        bool_or(origin = 'annotator') OVER (PARTITION BY sha256) AS people_spoke,
        row_number() OVER (
            PARTITION BY sha256, origin = 'annotator', actor ORDER BY labelled_at DESC, seq DESC
        ) AS age
    FROM label_standing
    ANTI JOIN label_settled USING (sha256)
),
opinions AS (
    -- As the audit weighs them: people outrank sources, and of one person the newest word counts.
    FROM weighed WHERE NOT people_spoke OR (origin = 'annotator' AND age = 1)
)
SELECT
    opinions.sha256,
    any_value(image.path) AS path,
    bool_and(opinions.people_spoke) AS between_people,
    count(DISTINCT coalesce(opinions.sku, opinions.kind)) AS claims,
    list_sort(list(DISTINCT opinions.actor || ': ' || coalesce(opinions.sku, opinions.kind))) AS statements,
    max(opinions.labelled_at) AS last_said_at
FROM opinions
LEFT JOIN image USING (sha256)
GROUP BY opinions.sha256
HAVING count(DISTINCT coalesce(opinions.sku, opinions.kind)) > 1
ORDER BY last_said_at DESC, opinions.sha256;
COMMENT ON VIEW label_conflicts IS 'Which photos have labels that contradict each other, and no answer is probable enough? They are neither trained on nor measured with.';
COMMENT ON COLUMN label_conflicts.sha256 IS 'The photo.';
COMMENT ON COLUMN label_conflicts.path IS 'Its file under the store''s images.';
COMMENT ON COLUMN label_conflicts.between_people IS 'Whether people disagree; false where sources do and no person has spoken.';
COMMENT ON COLUMN label_conflicts.claims IS 'How many different things are said.';
COMMENT ON COLUMN label_conflicts.statements IS 'Who says what.';
COMMENT ON COLUMN label_conflicts.last_said_at IS 'When the last of it was said.';
