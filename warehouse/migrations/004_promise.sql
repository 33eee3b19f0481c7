-- What sure answers promise, and what came of it: on the holdout of each release, and on photos that got a label since.

CREATE TABLE superclass_metric (
    release_id VARCHAR NOT NULL,
    superclass BIGINT NOT NULL,
    photos BIGINT NOT NULL,
    correct BIGINT NOT NULL,
    sure BIGINT NOT NULL,
    sure_correct BIGINT NOT NULL,
    PRIMARY KEY (release_id, superclass)
);
COMMENT ON TABLE superclass_metric IS 'What a release is worth on the holdout photos of each of its superclasses.';
COMMENT ON COLUMN superclass_metric.release_id IS 'The release.';
COMMENT ON COLUMN superclass_metric.superclass IS 'Row of the superclass of the true product, as in superclass.';
COMMENT ON COLUMN superclass_metric.photos IS 'Holdout photos.';
COMMENT ON COLUMN superclass_metric.correct IS 'Of those: the best candidate is the true product, whatever the verdict.';
COMMENT ON COLUMN superclass_metric.sure IS 'Holdout photos that were sure.';
COMMENT ON COLUMN superclass_metric.sure_correct IS 'Of those: right.';

COMMENT ON COLUMN prediction.confidence IS 'Probability that the best candidate is right, 0 to 1; it counts that the product may be unknown.';
COMMENT ON COLUMN prediction.similarity IS 'Cosine to the nearest known product, -1 to 1.';
COMMENT ON COLUMN first_judgement.confidence IS 'Probability that the best candidate is right, 0 to 1; it counts that the product may be unknown.';

-- Wilson's interval of a share (1927), at 95 %: it says something honest of five photos too.
CREATE MACRO share_low(hits, photos) AS CASE WHEN photos > 0 THEN greatest(0, (
    hits / photos + 1.9208 / photos
    - 1.96 * sqrt(hits / photos * (1 - hits / photos) / photos + 0.9604 / (photos * photos))
) / (1 + 3.8416 / photos)) END;
CREATE MACRO share_high(hits, photos) AS CASE WHEN photos > 0 THEN least(1, (
    hits / photos + 1.9208 / photos
    + 1.96 * sqrt(hits / photos * (1 - hits / photos) / photos + 0.9604 / (photos * photos))
) / (1 + 3.8416 / photos)) END;

CREATE VIEW checked_sure AS
WITH said AS (
    SELECT label_event.*
    FROM label_event
    ANTI JOIN label_event AS back ON back.event_id = 'withdrawn-' || label_event.event_id
    WHERE label_event.kind IN ('sku', 'not_a_product')
    -- A person outranks the others, and the last word counts.
    QUALIFY row_number() OVER (
        PARTITION BY label_event.sha256 ORDER BY label_event.origin = 'annotator' DESC, label_event.seq DESC
    ) = 1
)
SELECT
    first_judgement.sha256,
    first_judgement.night_id,
    first_judgement.release_id,
    first_judgement.predicted_at,
    first_judgement.sku,
    said.sku AS labelled_sku,
    said.sha256 IS NOT NULL AS checked,
    coalesce(said.sku = first_judgement.sku, false) AS correct
FROM first_judgement
LEFT JOIN said USING (sha256)
WHERE first_judgement.verdict = 'sure';
COMMENT ON VIEW checked_sure IS 'Which sure answers got a label since, and were they right? One row for each photo that was sure when it was first seen.';
COMMENT ON COLUMN checked_sure.sha256 IS 'The photo.';
COMMENT ON COLUMN checked_sure.night_id IS 'The night that first judged it.';
COMMENT ON COLUMN checked_sure.release_id IS 'The release that judged it.';
COMMENT ON COLUMN checked_sure.predicted_at IS 'When.';
COMMENT ON COLUMN checked_sure.sku IS 'What it was taken for.';
COMMENT ON COLUMN checked_sure.labelled_sku IS 'What it shows by its label; empty without one, and where it shows no product.';
COMMENT ON COLUMN checked_sure.checked IS 'Whether it has a label. The random arm draws sure photos too, so the checked ones are a fair sample.';
COMMENT ON COLUMN checked_sure.correct IS 'Whether the label agrees; false without one.';

CREATE VIEW promise_by_night AS
WITH counted AS (
    SELECT
        night_id,
        release_id,
        min(predicted_at) AS began_at,
        count(*) AS sure,
        count(*) FILTER (checked) AS checked,
        count(*) FILTER (correct) AS correct
    FROM checked_sure
    GROUP BY night_id, release_id
)
SELECT
    counted.night_id,
    counted.release_id,
    promised.value AS promised,
    counted.sure,
    counted.checked,
    counted.correct,
    counted.correct / nullif(counted.checked, 0) AS realised,
    share_low(counted.correct, counted.checked) AS low,
    share_high(counted.correct, counted.checked) AS high
FROM counted
LEFT JOIN (SELECT release_id, value FROM release_metric WHERE metric = 'promised_precision') AS promised
    USING (release_id)
ORDER BY counted.began_at, counted.night_id, counted.release_id;
COMMENT ON VIEW promise_by_night IS 'Do sure answers keep their promise, night by night? Measured on those that got a label since.';
COMMENT ON COLUMN promise_by_night.night_id IS 'The night.';
COMMENT ON COLUMN promise_by_night.release_id IS 'The release that judged.';
COMMENT ON COLUMN promise_by_night.promised IS 'Share of sure answers that were to be right; empty where the release left no such figure.';
COMMENT ON COLUMN promise_by_night.sure IS 'Photos that were sure when they were first seen.';
COMMENT ON COLUMN promise_by_night.checked IS 'Of those: have a label since.';
COMMENT ON COLUMN promise_by_night.correct IS 'Of those: the label agrees.';
COMMENT ON COLUMN promise_by_night.realised IS 'right / checked; empty where nothing was checked.';
COMMENT ON COLUMN promise_by_night.low IS 'Lower end of the 95 % interval of realised (Wilson).';
COMMENT ON COLUMN promise_by_night.high IS 'Its upper end: below promised, the promise is broken.';

CREATE VIEW promise_by_release AS
WITH seen AS (
    SELECT release_id, count(*) AS sure, count(*) FILTER (checked) AS checked, count(*) FILTER (correct) AS correct
    FROM checked_sure
    GROUP BY release_id
),
held_out AS (
    SELECT release_id, sum(sure) AS sure, sum(sure_correct) AS correct FROM superclass_metric GROUP BY release_id
)
SELECT
    release.release_id,
    promised.value AS promised,
    CAST(coalesce(held_out.sure, 0) AS BIGINT) AS holdout_sure,
    held_out.correct / nullif(held_out.sure, 0) AS holdout_realised,
    coalesce(seen.sure, 0) AS sure,
    coalesce(seen.checked, 0) AS checked,
    seen.correct / nullif(seen.checked, 0) AS realised,
    share_low(seen.correct, seen.checked) AS low,
    share_high(seen.correct, seen.checked) AS high
FROM release
LEFT JOIN (SELECT release_id, value FROM release_metric WHERE metric = 'promised_precision') AS promised
    USING (release_id)
LEFT JOIN held_out USING (release_id)
LEFT JOIN seen USING (release_id)
ORDER BY release.seq;
COMMENT ON VIEW promise_by_release IS 'Do the sure answers of each release keep their promise, on its holdout and in the nights it judged?';
COMMENT ON COLUMN promise_by_release.release_id IS 'The release.';
COMMENT ON COLUMN promise_by_release.promised IS 'Share of sure answers that were to be right.';
COMMENT ON COLUMN promise_by_release.holdout_sure IS 'Sure photos of its holdout.';
COMMENT ON COLUMN promise_by_release.holdout_realised IS 'Share of those that is right.';
COMMENT ON COLUMN promise_by_release.sure IS 'Photos that were sure when it first saw them at night.';
COMMENT ON COLUMN promise_by_release.checked IS 'Of those: have a label since.';
COMMENT ON COLUMN promise_by_release.realised IS 'Share of the checked ones whose label agrees.';
COMMENT ON COLUMN promise_by_release.low IS 'Lower end of the 95 % interval of realised (Wilson).';
COMMENT ON COLUMN promise_by_release.high IS 'Its upper end: below promised, the promise is broken.';

CREATE VIEW promise_by_superclass AS
WITH seen AS (
    SELECT
        checked_sure.release_id,
        superclass.superclass,
        count(*) AS sure,
        count(*) FILTER (checked_sure.checked) AS checked,
        count(*) FILTER (checked_sure.correct) AS correct
    FROM checked_sure
    JOIN superclass USING (release_id, sku)
    GROUP BY checked_sure.release_id, superclass.superclass
)
SELECT
    named.release_id,
    named.superclass,
    named.name,
    promised.value AS promised,
    coalesce(superclass_metric.sure, 0) AS holdout_sure,
    superclass_metric.sure_correct / nullif(superclass_metric.sure, 0) AS holdout_realised,
    coalesce(seen.sure, 0) AS sure,
    coalesce(seen.checked, 0) AS checked,
    seen.correct / nullif(seen.checked, 0) AS realised,
    share_low(seen.correct, seen.checked) AS low,
    share_high(seen.correct, seen.checked) AS high
FROM (
    SELECT release_id, superclass, any_value(name) AS name FROM superclass GROUP BY release_id, superclass
) AS named
JOIN release USING (release_id)
LEFT JOIN (SELECT release_id, value FROM release_metric WHERE metric = 'promised_precision') AS promised
    USING (release_id)
LEFT JOIN superclass_metric USING (release_id, superclass)
LEFT JOIN seen USING (release_id, superclass)
ORDER BY release.seq, named.superclass;
COMMENT ON VIEW promise_by_superclass IS 'Where do sure answers keep their promise, and where not? The promise is made for all of them together.';
COMMENT ON COLUMN promise_by_superclass.release_id IS 'The release.';
COMMENT ON COLUMN promise_by_superclass.superclass IS 'Row of the superclass in that release.';
COMMENT ON COLUMN promise_by_superclass.name IS 'What it is called.';
COMMENT ON COLUMN promise_by_superclass.promised IS 'Share of sure answers that were to be right.';
COMMENT ON COLUMN promise_by_superclass.holdout_sure IS 'Sure photos of the holdout whose true product is of it.';
COMMENT ON COLUMN promise_by_superclass.holdout_realised IS 'Share of those that is right.';
COMMENT ON COLUMN promise_by_superclass.sure IS 'Photos that were taken for one of its products when they were first seen, and sure.';
COMMENT ON COLUMN promise_by_superclass.checked IS 'Of those: have a label since.';
COMMENT ON COLUMN promise_by_superclass.realised IS 'Share of the checked ones whose label agrees.';
COMMENT ON COLUMN promise_by_superclass.low IS 'Lower end of the 95 % interval of realised (Wilson).';
COMMENT ON COLUMN promise_by_superclass.high IS 'Its upper end: below promised, the promise is broken.';
