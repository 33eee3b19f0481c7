-- What the data team still lacked: what is failing now, the ledger with its versions, statements and conflicts, people's
-- work, confusions, drift, lineage, checks of the gate, seconds of every stage.

CREATE TABLE run_version (
    run_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    PRIMARY KEY (run_id, name)
);
COMMENT ON TABLE run_version IS 'What a run decided with: versions of the program and its parts, the encoder, the release, and every threshold.';
COMMENT ON COLUMN run_version.run_id IS 'The run.';
COMMENT ON COLUMN run_version.name IS 'skuloop, schema, encoder, fingerprint, release, or a threshold like audit.trained_minimum.';
COMMENT ON COLUMN run_version.value IS 'Its value, as text.';

CREATE TABLE release_confusion (
    release_id VARCHAR NOT NULL,
    sku VARCHAR NOT NULL,
    taken_for VARCHAR NOT NULL,
    photos BIGINT NOT NULL,
    PRIMARY KEY (release_id, sku, taken_for)
);
COMMENT ON TABLE release_confusion IS 'The commonest mistakes of a release on its holdout, at most twenty of them.';
COMMENT ON COLUMN release_confusion.release_id IS 'The release.';
COMMENT ON COLUMN release_confusion.sku IS 'What the photos show.';
COMMENT ON COLUMN release_confusion.taken_for IS 'What they were taken for.';
COMMENT ON COLUMN release_confusion.photos IS 'How many photos.';

CREATE VIEW open_failures AS
WITH reached AS (
    SELECT source, max(finished_at) AS last_reached_at FROM crawl WHERE reached GROUP BY source
)
SELECT
    crawl_failure.source,
    crawl_failure.url,
    crawl_failure.reason,
    crawl_failure.detail,
    crawl_failure.attempts,
    crawl_failure.first_seen,
    crawl_failure.last_seen
FROM crawl_failure
LEFT JOIN crawl USING (crawl_id)
LEFT JOIN reached ON reached.source = crawl_failure.source
LEFT JOIN crawl_retry ON crawl_retry.source = crawl_failure.source AND crawl_retry.url = crawl_failure.url
LEFT JOIN crawl_judgement ON crawl_judgement.crawl_id = crawl_failure.crawl_id
WHERE
    CASE
        WHEN crawl_failure.reason = 'site_changed' THEN coalesce(crawl_judgement.verdict, 'held') = 'held'
        -- What waits for its next attempt is not asked for every night: the last crawl says nothing of it.
        WHEN crawl_retry.url IS NOT NULL THEN crawl_retry.crawl_id = crawl_failure.crawl_id
        ELSE reached.last_reached_at IS NULL OR coalesce(crawl.finished_at, crawl_failure.last_seen) >= reached.last_reached_at
    END
ORDER BY crawl_failure.source, crawl_failure.reason, crawl_failure.url;
COMMENT ON VIEW open_failures IS 'What could not be taken from a source, and has not been taken since?';
COMMENT ON COLUMN open_failures.source IS 'The source.';
COMMENT ON COLUMN open_failures.url IS 'URL or path; the name of the source where it failed as a whole.';
COMMENT ON COLUMN open_failures.reason IS 'Why it failed the last time.';
COMMENT ON COLUMN open_failures.detail IS 'What exactly happened the last time.';
COMMENT ON COLUMN open_failures.attempts IS 'Crawls that failed on it for this reason.';
COMMENT ON COLUMN open_failures.first_seen IS 'When it failed first.';
COMMENT ON COLUMN open_failures.last_seen IS 'When it failed last.';

CREATE OR REPLACE VIEW source_health AS
WITH crawled AS (
    SELECT
        source,
        count(*) AS crawls,
        count(*) FILTER (reached) AS reached,
        max(finished_at) AS last_crawl_at,
        max(finished_at) FILTER (reached) AS last_reached_at,
        max_by(products, finished_at) AS last_products,
        max_by(photos, finished_at) AS last_photos,
        max_by(failures, finished_at) AS last_failures,
        max_by(seconds, finished_at) AS last_seconds
    FROM crawl
    GROUP BY source
),
failed AS (
    SELECT source, reason, count(*) AS urls FROM open_failures GROUP BY source, reason
),
failed_by_source AS (
    SELECT source, string_agg(reason || ': ' || urls, ', ' ORDER BY urls DESC, reason) AS failing
    FROM failed
    GROUP BY source
)
SELECT
    crawled.source,
    crawled.crawls,
    crawled.reached,
    crawled.last_crawl_at,
    crawled.last_reached_at,
    crawled.last_products,
    crawled.last_photos,
    crawled.last_failures,
    crawled.last_seconds,
    failed_by_source.failing
FROM crawled
LEFT JOIN failed_by_source USING (source)
ORDER BY crawled.source;
COMMENT ON VIEW source_health IS 'Does each source still answer, and with what?';
COMMENT ON COLUMN source_health.source IS 'The source.';
COMMENT ON COLUMN source_health.crawls IS 'Crawls so far.';
COMMENT ON COLUMN source_health.reached IS 'Crawls in which it answered.';
COMMENT ON COLUMN source_health.last_crawl_at IS 'End of the last crawl.';
COMMENT ON COLUMN source_health.last_reached_at IS 'End of the last crawl in which it answered.';
COMMENT ON COLUMN source_health.last_products IS 'Products in the last crawl.';
COMMENT ON COLUMN source_health.last_photos IS 'Photos in the last crawl.';
COMMENT ON COLUMN source_health.last_failures IS 'What the last crawl could not take.';
COMMENT ON COLUMN source_health.last_seconds IS 'How long the last crawl took.';
COMMENT ON COLUMN source_health.failing IS 'What cannot be had of it now, by reason, in words: http_4xx: 12, timeout: 3.';

CREATE VIEW decision_ledger AS
WITH versions AS (
    SELECT run_id, map_from_entries(list(struct_pack(name := name, value := value) ORDER BY name)) AS versions
    FROM run_version
    GROUP BY run_id
)
SELECT
    decision.decided_at,
    decision.subject_kind,
    decision.subject,
    decision.action,
    decision.reason,
    decision.detail,
    decision.run_id,
    versions.versions
FROM decision
LEFT JOIN versions USING (run_id)
UNION ALL
-- A photo that is kept is the rule: it is told from its own row, not stored a second time.
SELECT run.started_at, 'image', image.sha256, 'keep', 'ok', CAST(json_object(
    'width', image.width, 'height', image.height, 'sharpness', image.sharpness, 'contrast', image.contrast
) AS VARCHAR), image.first_seen_run, versions.versions
FROM image
LEFT JOIN run ON run.run_id = image.first_seen_run
LEFT JOIN versions ON versions.run_id = image.first_seen_run
WHERE image.reason = 'ok';
COMMENT ON VIEW decision_ledger IS 'What was decided on a subject, why, by which figures, and with which thresholds and versions? Photos that were kept are told here too.';
COMMENT ON COLUMN decision_ledger.decided_at IS 'When; of a kept photo: when the run began that first saw it.';
COMMENT ON COLUMN decision_ledger.subject_kind IS 'sku, image, release, question, source or run.';
COMMENT ON COLUMN decision_ledger.subject IS 'Which one.';
COMMENT ON COLUMN decision_ledger.action IS 'What was decided: keep, drop, tier trained, ask, publish, refuse, quarantine, ...';
COMMENT ON COLUMN decision_ledger.reason IS 'Why: a closed reason code.';
COMMENT ON COLUMN decision_ledger.detail IS 'The figures behind it, as JSON text.';
COMMENT ON COLUMN decision_ledger.run_id IS 'The run that decided.';
COMMENT ON COLUMN decision_ledger.versions IS 'Versions and thresholds of that run, by name; empty for runs older than this table.';

CREATE VIEW label_history AS
SELECT
    said.seq,
    said.labelled_at,
    said.sha256,
    said.kind,
    said.sku,
    said.origin,
    said.actor,
    said.question_key,
    back.event_id IS NULL AS stands,
    back.labelled_at AS withdrawn_at
FROM label_event AS said
LEFT JOIN label_event AS back ON back.event_id = 'withdrawn-' || said.event_id
WHERE said.kind <> 'withdrawn'
ORDER BY said.seq;
COMMENT ON VIEW label_history IS 'Who said what of which photo, and does it still stand?';
COMMENT ON COLUMN label_history.seq IS 'Order of the statements.';
COMMENT ON COLUMN label_history.labelled_at IS 'When it was said.';
COMMENT ON COLUMN label_history.sha256 IS 'The photo.';
COMMENT ON COLUMN label_history.kind IS 'sku, not_a_product, bad_photo or another kind of label.';
COMMENT ON COLUMN label_history.sku IS 'The product that was named, if any.';
COMMENT ON COLUMN label_history.origin IS 'catalogue, folder or annotator.';
COMMENT ON COLUMN label_history.actor IS 'The source or the person.';
COMMENT ON COLUMN label_history.question_key IS 'The question that was answered, if any.';
COMMENT ON COLUMN label_history.stands IS 'Whether nobody took it back.';
COMMENT ON COLUMN label_history.withdrawn_at IS 'When it was taken back.';

CREATE VIEW label_conflicts AS
WITH weighed AS (
    SELECT
        label_standing.*,
        bool_or(origin = 'annotator') OVER (PARTITION BY sha256) AS people_spoke,
        row_number() OVER (
            PARTITION BY sha256, origin = 'annotator', actor ORDER BY labelled_at DESC, seq DESC
        ) AS age
    FROM label_standing
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
COMMENT ON VIEW label_conflicts IS 'Which photos have labels that contradict each other? They are neither trained on nor measured with.';
COMMENT ON COLUMN label_conflicts.sha256 IS 'The photo.';
COMMENT ON COLUMN label_conflicts.path IS 'Its file under the store''s images.';
COMMENT ON COLUMN label_conflicts.between_people IS 'Whether people disagree; false where sources do and no person has spoken.';
COMMENT ON COLUMN label_conflicts.claims IS 'How many different things are said.';
COMMENT ON COLUMN label_conflicts.statements IS 'Who says what.';
COMMENT ON COLUMN label_conflicts.last_said_at IS 'When the last of it was said.';

CREATE VIEW annotator_throughput AS
WITH truth AS (
    SELECT sha256, sku
    FROM label_standing
    WHERE kind = 'sku'
    QUALIFY row_number() OVER (PARTITION BY sha256 ORDER BY origin = 'annotator' DESC, seq DESC) = 1
),
golden AS (
    SELECT
        answer.annotation_id,
        answer.answered_at,
        bool_and(coalesce(coalesce(product_identity.product, answer.sku) = truth.sku, false)) AS is_right
    FROM answer
    JOIN question ON question.question_key = answer.question_key AND question.arm = 'golden'
    JOIN question_image ON question_image.question_key = answer.question_key
    JOIN truth ON truth.sha256 = question_image.sha256
    LEFT JOIN product_identity ON product_identity.sku = answer.sku
    GROUP BY answer.annotation_id, answer.answered_at
)
SELECT
    answer.annotator,
    CAST(answer.answered_at AT TIME ZONE 'UTC' AS DATE) AS day,
    count(*) AS answers,
    count(DISTINCT answer.question_key) AS questions,
    median(answer.seconds) AS median_seconds,
    3600 * count(answer.seconds) / nullif(sum(answer.seconds), 0) AS answers_per_hour,
    count(golden.is_right) AS golden,
    count(*) FILTER (golden.is_right) AS golden_right
FROM answer
LEFT JOIN golden USING (annotation_id, answered_at)
GROUP BY answer.annotator, day
ORDER BY day DESC, answers DESC, answer.annotator;
COMMENT ON VIEW annotator_throughput IS 'How much does each annotator answer on a day, how quickly, and how well?';
COMMENT ON COLUMN annotator_throughput.annotator IS 'Who.';
COMMENT ON COLUMN annotator_throughput.day IS 'The day, UTC.';
COMMENT ON COLUMN annotator_throughput.answers IS 'Answers, edited ones each time.';
COMMENT ON COLUMN annotator_throughput.questions IS 'Questions.';
COMMENT ON COLUMN annotator_throughput.median_seconds IS 'Half of the answers took less, where Label Studio says how long.';
COMMENT ON COLUMN annotator_throughput.answers_per_hour IS 'Answers for an hour of looking at questions.';
COMMENT ON COLUMN annotator_throughput.golden IS 'Answers to questions whose answer is known.';
COMMENT ON COLUMN annotator_throughput.golden_right IS 'Of those: right.';

CREATE VIEW annotator_agreement AS
WITH latest AS (
    FROM answer
    QUALIFY row_number() OVER (
        PARTITION BY question_key, annotator ORDER BY answered_at DESC, annotation_id DESC
    ) = 1
)
SELECT
    mine.annotator,
    theirs.annotator AS other,
    count(*) AS questions,
    count(*) FILTER (mine.kind = theirs.kind AND mine.sku IS NOT DISTINCT FROM theirs.sku) AS agreed,
    agreed / questions AS agreement
FROM latest AS mine
JOIN latest AS theirs USING (question_key)
WHERE mine.annotator < theirs.annotator
GROUP BY mine.annotator, theirs.annotator
ORDER BY questions DESC, mine.annotator, theirs.annotator;
COMMENT ON VIEW annotator_agreement IS 'How often do two annotators say the same of one question?';
COMMENT ON COLUMN annotator_agreement.annotator IS 'One of the two.';
COMMENT ON COLUMN annotator_agreement.other IS 'The other.';
COMMENT ON COLUMN annotator_agreement.questions IS 'Questions that both answered.';
COMMENT ON COLUMN annotator_agreement.agreed IS 'Of those: answered in the same way, by their last word.';
COMMENT ON COLUMN annotator_agreement.agreement IS 'agreed / questions.';

CREATE VIEW confusion AS
WITH truth AS (
    SELECT sha256, sku
    FROM label_standing
    WHERE kind = 'sku'
    QUALIFY row_number() OVER (PARTITION BY sha256 ORDER BY origin = 'annotator' DESC, seq DESC) = 1
),
mistakes AS (
    SELECT release_id, 'holdout' AS seen_on, sku, taken_for, photos, NULL AS sure FROM release_confusion
    UNION ALL
    SELECT
        first_judgement.release_id,
        'nights',
        truth.sku,
        first_judgement.sku,
        count(*),
        count(*) FILTER (first_judgement.verdict = 'sure')
    FROM first_judgement
    JOIN truth USING (sha256)
    WHERE truth.sku <> first_judgement.sku
    GROUP BY first_judgement.release_id, truth.sku, first_judgement.sku
)
SELECT
    mistakes.release_id,
    mistakes.seen_on,
    mistakes.sku,
    product.title,
    mistakes.taken_for,
    rival.title AS taken_for_title,
    mistakes.photos,
    mistakes.sure,
    home.name AS superclass,
    away.name AS taken_for_superclass
FROM mistakes
LEFT JOIN product ON product.sku = mistakes.sku
LEFT JOIN product AS rival ON rival.sku = mistakes.taken_for
LEFT JOIN superclass AS home ON home.release_id = mistakes.release_id AND home.sku = mistakes.sku
LEFT JOIN superclass AS away ON away.release_id = mistakes.release_id AND away.sku = mistakes.taken_for
ORDER BY mistakes.photos DESC, mistakes.release_id, mistakes.seen_on, mistakes.sku, mistakes.taken_for;
COMMENT ON VIEW confusion IS 'Which products are mistaken for which?';
COMMENT ON COLUMN confusion.release_id IS 'The release that was wrong.';
COMMENT ON COLUMN confusion.seen_on IS 'holdout (its twenty commonest mistakes) or nights (photos that got a label after they were judged).';
COMMENT ON COLUMN confusion.sku IS 'What the photos show.';
COMMENT ON COLUMN confusion.title IS 'What that is called.';
COMMENT ON COLUMN confusion.taken_for IS 'What they were taken for.';
COMMENT ON COLUMN confusion.taken_for_title IS 'What that is called.';
COMMENT ON COLUMN confusion.photos IS 'How many photos.';
COMMENT ON COLUMN confusion.sure IS 'How many of them surely; empty for the holdout.';
COMMENT ON COLUMN confusion.superclass IS 'The superclass of the true product in that release; empty where it did not know it.';
COMMENT ON COLUMN confusion.taken_for_superclass IS 'The superclass of the other one.';

CREATE VIEW superclass_confusion AS
SELECT
    release_id,
    seen_on,
    superclass,
    taken_for_superclass,
    superclass = taken_for_superclass AS within,
    CAST(sum(photos) AS BIGINT) AS photos,
    count(*) AS pairs
FROM confusion
WHERE superclass IS NOT NULL AND taken_for_superclass IS NOT NULL
GROUP BY ALL
ORDER BY photos DESC, release_id, seen_on, superclass, taken_for_superclass;
COMMENT ON VIEW superclass_confusion IS 'Do mistakes stay within a superclass, or cross from one to another?';
COMMENT ON COLUMN superclass_confusion.release_id IS 'The release.';
COMMENT ON COLUMN superclass_confusion.seen_on IS 'holdout or nights.';
COMMENT ON COLUMN superclass_confusion.superclass IS 'The superclass of the true product.';
COMMENT ON COLUMN superclass_confusion.taken_for_superclass IS 'The superclass of what it was taken for.';
COMMENT ON COLUMN superclass_confusion.within IS 'Whether both are the same: the fine head erred, not the coarse one.';
COMMENT ON COLUMN superclass_confusion.photos IS 'How many photos.';
COMMENT ON COLUMN superclass_confusion.pairs IS 'How many pairs of products.';

CREATE VIEW drift_by_night AS
WITH nights AS (
    SELECT
        night_id,
        began_at,
        photos,
        coalesce(sum(photos) OVER (
            ORDER BY began_at, night_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0) < 500 AS is_reference
    FROM (
        SELECT night_id, min(predicted_at) AS began_at, count(*) AS photos FROM first_judgement GROUP BY night_id
    )
),
wide AS (
    SELECT
        first_judgement.night_id,
        first_judgement.confidence,
        first_judgement.similarity,
        image.sharpness,
        image.brightness,
        image.contrast,
        image.width * image.height / 1e6 AS megapixels
    FROM first_judgement
    JOIN image USING (sha256)
),
long AS (
    UNPIVOT wide ON confidence, similarity, sharpness, brightness, contrast, megapixels INTO NAME figure VALUE value
),
edges AS (
    SELECT
        figure,
        quantile_cont(value, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) AS cuts,
        count(*) AS photos,
        median(value) AS median
    FROM long
    JOIN nights USING (night_id)
    WHERE is_reference
    GROUP BY figure
),
placed AS (
    SELECT long.night_id, long.figure, long.value, len(list_filter(edges.cuts, lambda cut : cut < long.value)) AS bin
    FROM long
    JOIN edges USING (figure)
),
bins AS (
    SELECT night_id, figure, bin, count(*) AS photos FROM placed GROUP BY ALL
),
sizes AS (
    SELECT night_id, figure, count(*) AS photos, median(value) AS median FROM placed GROUP BY ALL
),
expected AS (
    SELECT figure, bin, sum(bins.photos) AS photos
    FROM bins
    JOIN nights USING (night_id)
    WHERE is_reference
    GROUP BY figure, bin
),
shares AS (
    -- Half a photo is added to each of the ten bins: an empty one would make the index infinite.
    SELECT
        sizes.night_id,
        sizes.figure,
        (coalesce(bins.photos, 0) + 0.5) / (sizes.photos + 5) AS now,
        (coalesce(expected.photos, 0) + 0.5) / (edges.photos + 5) AS before
    FROM sizes
    CROSS JOIN range(10) AS all_bins (bin)
    JOIN edges USING (figure)
    LEFT JOIN bins ON bins.night_id = sizes.night_id AND bins.figure = sizes.figure AND bins.bin = all_bins.bin
    LEFT JOIN expected ON expected.figure = sizes.figure AND expected.bin = all_bins.bin
)
SELECT
    nights.night_id,
    nights.began_at,
    sizes.figure,
    nights.is_reference,
    sizes.photos,
    sizes.median,
    edges.median AS reference_median,
    edges.photos AS reference_photos,
    (
        SELECT sum((shares.now - shares.before) * ln(shares.now / shares.before))
        FROM shares
        WHERE shares.night_id = sizes.night_id AND shares.figure = sizes.figure
    ) AS psi,
    9 * (1 / sizes.photos + 1 / edges.photos) AS psi_by_chance
FROM sizes
JOIN nights USING (night_id)
JOIN edges USING (figure)
ORDER BY nights.began_at, nights.night_id, sizes.figure;
COMMENT ON VIEW drift_by_night IS 'Are the photos of a night still like those of the first nights? The reference is fixed: the nights that brought the first 500 judged photos.';
COMMENT ON COLUMN drift_by_night.night_id IS 'The night.';
COMMENT ON COLUMN drift_by_night.began_at IS 'When it first judged a photo.';
COMMENT ON COLUMN drift_by_night.figure IS 'sharpness, brightness, contrast and megapixels of the photos; confidence and similarity of their judgements, which change with the release too.';
COMMENT ON COLUMN drift_by_night.is_reference IS 'Whether the night belongs to the reference.';
COMMENT ON COLUMN drift_by_night.photos IS 'Photos of the night.';
COMMENT ON COLUMN drift_by_night.median IS 'Half of them are below.';
COMMENT ON COLUMN drift_by_night.reference_median IS 'The same of the reference.';
COMMENT ON COLUMN drift_by_night.reference_photos IS 'Photos of the reference.';
COMMENT ON COLUMN drift_by_night.psi IS 'Population stability index over the deciles of the reference: below 0.1 alike, above 0.25 moved (Siddiqi 2006), if it is far above psi_by_chance.';
COMMENT ON COLUMN drift_by_night.psi_by_chance IS 'What chance alone brings on average with so few photos: 9 (1/photos + 1/reference_photos).';

CREATE VIEW lineage AS
WITH current AS (
    SELECT release_id FROM release WHERE status = 'published' ORDER BY seq DESC LIMIT 1
),
claimed AS (
    SELECT DISTINCT sku, actor AS source, origin, sha256 FROM label_standing WHERE sku IS NOT NULL
),
counted AS (
    SELECT
        claimed.sku,
        CASE WHEN claimed.origin = 'annotator' THEN 'people' ELSE claimed.source END AS source,
        count(DISTINCT claimed.sha256) AS photos,
        count(DISTINCT claimed.sha256) FILTER (image.reason = 'ok') AS usable,
        count(DISTINCT claimed.sha256) FILTER (sample_part.part = 'train') AS train,
        count(DISTINCT claimed.sha256) FILTER (sample_part.part IS NOT NULL AND sample_part.part <> 'train') AS holdout
    FROM claimed
    LEFT JOIN image USING (sha256)
    LEFT JOIN sample_part USING (sha256)
    GROUP BY ALL
),
worst AS (
    SELECT
        confusion.sku,
        arg_max(confusion.taken_for, confusion.photos) AS mistaken_for,
        CAST(sum(confusion.photos) AS BIGINT) AS mistakes
    FROM confusion
    JOIN current USING (release_id)
    GROUP BY confusion.sku
)
SELECT
    counted.source,
    counted.sku,
    product.title,
    counted.photos,
    counted.usable,
    counted.train,
    counted.holdout,
    class_now.tier,
    current.release_id,
    superclass.name AS superclass,
    worst.mistaken_for,
    coalesce(worst.mistakes, 0) AS mistakes
FROM counted
LEFT JOIN current ON true
LEFT JOIN product USING (sku)
LEFT JOIN class_now USING (sku)
LEFT JOIN superclass ON superclass.release_id = current.release_id AND superclass.sku = counted.sku
LEFT JOIN worst ON worst.sku = counted.sku
ORDER BY counted.source, counted.sku;
COMMENT ON VIEW lineage IS 'What became of the photos of a source: class, superclass, and the confusion they end in?';
COMMENT ON COLUMN lineage.source IS 'The shop or folder whose word labels the photos; people where an annotator said it.';
COMMENT ON COLUMN lineage.sku IS 'The class.';
COMMENT ON COLUMN lineage.title IS 'What it is called.';
COMMENT ON COLUMN lineage.photos IS 'Photos that the source says show it.';
COMMENT ON COLUMN lineage.usable IS 'Of those: good enough.';
COMMENT ON COLUMN lineage.train IS 'Of those: trained on.';
COMMENT ON COLUMN lineage.holdout IS 'Of those: measured with.';
COMMENT ON COLUMN lineage.tier IS 'trained, gallery or quarantined.';
COMMENT ON COLUMN lineage.release_id IS 'The current release.';
COMMENT ON COLUMN lineage.superclass IS 'Its superclass in that release.';
COMMENT ON COLUMN lineage.mistaken_for IS 'What it is most often mistaken for by that release.';
COMMENT ON COLUMN lineage.mistakes IS 'Photos of it that were mistaken by that release, from all sources.';

CREATE VIEW gate_checks AS
SELECT
    release.seq,
    release.release_id,
    release.status,
    release.incumbent,
    checked.reason AS about,
    checked.passed,
    checked.found,
    decision.decided_at
FROM decision
JOIN release ON release.release_id = decision.subject
CROSS JOIN unnest(
    from_json(json_extract(decision.detail, '$.checks'), '[{"reason":"VARCHAR","passed":"BOOLEAN","found":"VARCHAR"}]')
) WITH ORDINALITY AS every (checked, place)
WHERE decision.subject_kind = 'release' AND decision.action IN ('publish', 'refuse')
ORDER BY release.seq, decision.seq, every.place;
COMMENT ON VIEW gate_checks IS 'Why was a release let through or refused? Each check of the gate, with both figures in words.';
COMMENT ON COLUMN gate_checks.seq IS 'Order of the releases.';
COMMENT ON COLUMN gate_checks.release_id IS 'The release.';
COMMENT ON COLUMN gate_checks.status IS 'What became of it: published, refused or rolled_back.';
COMMENT ON COLUMN gate_checks.incumbent IS 'The release it was compared with.';
COMMENT ON COLUMN gate_checks.about IS 'What the check is about, by the reason that a failure gives.';
COMMENT ON COLUMN gate_checks.passed IS 'Whether it passed.';
COMMENT ON COLUMN gate_checks.found IS 'What was compared, in words.';
COMMENT ON COLUMN gate_checks.decided_at IS 'When.';

CREATE VIEW stage_history AS
SELECT
    run.started_at,
    run.run_id,
    run.flow,
    run.label,
    run.status,
    run_stage.stage,
    run_stage.seconds,
    run_stage.seconds / nullif(sum(run_stage.seconds) OVER (PARTITION BY run.run_id), 0) AS share,
    run_stage.summary
FROM run_stage
JOIN run USING (run_id)
ORDER BY run.started_at, run.run_id, run_stage.stage;
COMMENT ON VIEW stage_history IS 'What took the time in each run, stage by stage?';
COMMENT ON COLUMN stage_history.started_at IS 'When the run began.';
COMMENT ON COLUMN stage_history.run_id IS 'The run.';
COMMENT ON COLUMN stage_history.flow IS 'nightly, cycle, bakeoff or maintenance.';
COMMENT ON COLUMN stage_history.label IS 'The night or cycle it worked for.';
COMMENT ON COLUMN stage_history.status IS 'How the run ended.';
COMMENT ON COLUMN stage_history.stage IS 'The stage.';
COMMENT ON COLUMN stage_history.seconds IS 'How long it took.';
COMMENT ON COLUMN stage_history.share IS 'Share of all stages of that run.';
COMMENT ON COLUMN stage_history.summary IS 'What came of it, in words.';
