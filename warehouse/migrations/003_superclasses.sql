-- Superclasses keep their ids from one release to the next, so that what moved can be told.

ALTER TABLE superclass ADD COLUMN superclass_id BIGINT;
COMMENT ON COLUMN superclass.superclass IS 'Its row in the heads of the release: means nothing in another release.';
COMMENT ON COLUMN superclass.superclass_id IS 'The superclass itself, the same in every release; empty where a release was made before ids were kept.';

CREATE VIEW superclass_churn AS
WITH known AS (
    SELECT release_id, superclass_id, any_value(name) AS name, count(*) AS classes
    FROM superclass
    WHERE superclass_id IS NOT NULL
    GROUP BY release_id, superclass_id
),
sizes AS (
    SELECT release_id, count(*) AS superclasses, sum(classes) AS classes FROM known GROUP BY release_id
),
moves AS (
    SELECT
        release.release_id,
        count(*) AS classes_in_both,
        count(*) FILTER (now.superclass_id <> earlier.superclass_id) AS moved
    FROM release
    JOIN superclass AS now ON now.release_id = release.release_id
    JOIN superclass AS earlier ON earlier.release_id = release.incumbent AND earlier.sku = now.sku
    WHERE now.superclass_id IS NOT NULL AND earlier.superclass_id IS NOT NULL
    GROUP BY release.release_id
),
births AS (
    SELECT release.release_id, list(now.name ORDER BY now.superclass_id) AS born
    FROM release
    JOIN known AS now ON now.release_id = release.release_id
    LEFT JOIN known AS earlier
        ON earlier.release_id = release.incumbent AND earlier.superclass_id = now.superclass_id
    WHERE earlier.superclass_id IS NULL
    GROUP BY release.release_id
),
deaths AS (
    SELECT release.release_id, list(earlier.name ORDER BY earlier.superclass_id) AS gone
    FROM release
    JOIN known AS earlier ON earlier.release_id = release.incumbent
    LEFT JOIN known AS now
        ON now.release_id = release.release_id AND now.superclass_id = earlier.superclass_id
    WHERE now.superclass_id IS NULL
    GROUP BY release.release_id
)
SELECT
    release.seq,
    release.release_id,
    release.incumbent,
    release.status,
    sizes.superclasses,
    CAST(sizes.classes AS BIGINT) AS classes,
    coalesce(moves.classes_in_both, 0) AS classes_in_both,
    coalesce(moves.moved, 0) AS moved,
    moves.moved / moves.classes_in_both AS churn,
    coalesce(births.born, []) AS born,
    coalesce(deaths.gone, []) AS gone
FROM release
JOIN sizes USING (release_id)
LEFT JOIN moves USING (release_id)
LEFT JOIN births USING (release_id)
LEFT JOIN deaths USING (release_id)
ORDER BY release.seq;
COMMENT ON VIEW superclass_churn IS 'How far do the superclasses of a release differ from those of the release before it?';
COMMENT ON COLUMN superclass_churn.seq IS 'Order of the releases.';
COMMENT ON COLUMN superclass_churn.release_id IS 'The release.';
COMMENT ON COLUMN superclass_churn.incumbent IS 'The release it is compared with; empty for the first.';
COMMENT ON COLUMN superclass_churn.status IS 'published, refused or rolled_back.';
COMMENT ON COLUMN superclass_churn.superclasses IS 'How many superclasses it has.';
COMMENT ON COLUMN superclass_churn.classes IS 'How many classes it has.';
COMMENT ON COLUMN superclass_churn.classes_in_both IS 'Of those: classes that the incumbent has too.';
COMMENT ON COLUMN superclass_churn.moved IS 'Of those: classes that are in another superclass now.';
COMMENT ON COLUMN superclass_churn.churn IS 'moved / classes_in_both; empty where there is nothing to compare.';
COMMENT ON COLUMN superclass_churn.born IS 'Names of the superclasses that the incumbent does not have.';
COMMENT ON COLUMN superclass_churn.gone IS 'Names of the superclasses that only the incumbent has.';
