-- The views the data team asks: each answers one question, and reads the tables alone.

CREATE VIEW class_now AS
SELECT
    class_audit.sku,
    product.title,
    class_audit.tier,
    class_audit.reason,
    class_audit.samples,
    class_audit.images,
    class_audit.conflicts,
    class_audit.unusable,
    class_audit.run_id,
    class_audit.decided_at
FROM class_audit
LEFT JOIN product USING (sku)
QUALIFY row_number() OVER (PARTITION BY class_audit.sku ORDER BY class_audit.audit_seq DESC) = 1;
COMMENT ON VIEW class_now IS 'How does each class stand now? The latest finding of each, with its title.';
COMMENT ON COLUMN class_now.sku IS 'The class.';
COMMENT ON COLUMN class_now.title IS 'What it is called; empty where no source named it.';
COMMENT ON COLUMN class_now.tier IS 'trained, gallery or quarantined.';
COMMENT ON COLUMN class_now.reason IS 'Why it has that tier.';
COMMENT ON COLUMN class_now.samples IS 'Near-duplicate groups of usable images without conflict.';
COMMENT ON COLUMN class_now.images IS 'Image files labelled as this class.';
COMMENT ON COLUMN class_now.conflicts IS 'Images whose labels contradict each other.';
COMMENT ON COLUMN class_now.unusable IS 'Images that the quality rules keep out.';
COMMENT ON COLUMN class_now.run_id IS 'The run that changed the finding last.';
COMMENT ON COLUMN class_now.decided_at IS 'When it changed last.';

CREATE VIEW class_counts_over_time AS
WITH moved AS (
    -- A row exists only where a class changed, so each audit is the sum of what moved up to it.
    SELECT run_id, audit_seq, decided_at, tier, lag(tier) OVER (PARTITION BY sku ORDER BY audit_seq) AS left_tier
    FROM class_audit
),
per_run AS (
    SELECT
        run_id,
        max(audit_seq) AS audit_seq,
        max(decided_at) AS decided_at,
        count(*) FILTER (tier = 'trained') - count(*) FILTER (left_tier = 'trained') AS trained,
        count(*) FILTER (tier = 'gallery') - count(*) FILTER (left_tier = 'gallery') AS gallery,
        count(*) FILTER (tier = 'quarantined') - count(*) FILTER (left_tier = 'quarantined') AS quarantined
    FROM moved
    GROUP BY run_id
)
SELECT
    run_id,
    decided_at,
    CAST(sum(trained) OVER so_far AS BIGINT) AS trained,
    CAST(sum(gallery) OVER so_far AS BIGINT) AS gallery,
    CAST(sum(quarantined) OVER so_far AS BIGINT) AS quarantined,
    CAST(sum(trained + gallery + quarantined) OVER so_far AS BIGINT) AS classes
FROM per_run
WINDOW so_far AS (ORDER BY audit_seq)
ORDER BY audit_seq;
COMMENT ON VIEW class_counts_over_time IS 'How do the tiers grow? Classes by tier after each audit that changed anything.';
COMMENT ON COLUMN class_counts_over_time.run_id IS 'The run that audited.';
COMMENT ON COLUMN class_counts_over_time.decided_at IS 'When.';
COMMENT ON COLUMN class_counts_over_time.trained IS 'Classes of tier trained after it.';
COMMENT ON COLUMN class_counts_over_time.gallery IS 'Classes of tier gallery after it.';
COMMENT ON COLUMN class_counts_over_time.quarantined IS 'Classes of tier quarantined after it.';
COMMENT ON COLUMN class_counts_over_time.classes IS 'All classes after it.';

CREATE VIEW why_excluded AS
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
    SELECT sku, sha256 FROM label_event WHERE sku IS NOT NULL
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

CREATE VIEW distance_to_50 AS
SELECT sku, title, tier, samples, 50 - samples AS missing
FROM class_now
WHERE samples < 50
ORDER BY samples DESC, sku;
COMMENT ON VIEW distance_to_50 IS 'Which classes are next to be trained? Those below 50 samples, nearest first.';
COMMENT ON COLUMN distance_to_50.sku IS 'The class.';
COMMENT ON COLUMN distance_to_50.title IS 'What it is called.';
COMMENT ON COLUMN distance_to_50.tier IS 'trained (kept by hysteresis), gallery or quarantined.';
COMMENT ON COLUMN distance_to_50.samples IS 'Samples it has.';
COMMENT ON COLUMN distance_to_50.missing IS 'Samples it lacks.';

CREATE VIEW image_quality AS
SELECT
    found.source,
    found.kind,
    coalesce(image.reason, 'unmeasured') AS reason,
    count(*) AS images,
    median(image.width * image.height) / 1e6 AS median_megapixels,
    median(image.sharpness) AS median_sharpness,
    median(image.brightness) AS median_brightness,
    median(image.contrast) AS median_contrast
FROM (SELECT DISTINCT sha256, source, kind FROM image_origin) AS found
JOIN image USING (sha256)
GROUP BY ALL
ORDER BY ALL;
COMMENT ON VIEW image_quality IS 'What are the images of each source worth?';
COMMENT ON COLUMN image_quality.source IS 'The source.';
COMMENT ON COLUMN image_quality.kind IS 'catalogue, labelled or camera.';
COMMENT ON COLUMN image_quality.reason IS 'ok, why they are kept out, or unmeasured.';
COMMENT ON COLUMN image_quality.images IS 'Distinct images.';
COMMENT ON COLUMN image_quality.median_megapixels IS 'Half of them are smaller.';
COMMENT ON COLUMN image_quality.median_sharpness IS 'Half of them are less sharp.';
COMMENT ON COLUMN image_quality.median_brightness IS 'Half of them are darker.';
COMMENT ON COLUMN image_quality.median_contrast IS 'Half of them have less contrast.';

CREATE VIEW duplicate_groups AS
WITH named AS (
    SELECT sha256, list(DISTINCT sku ORDER BY sku) AS skus
    FROM label_event
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

CREATE VIEW first_judgement AS
SELECT sha256, night_id, release_id, sku, confidence, similarity, verdict, predicted_at
FROM prediction
QUALIFY row_number() OVER (PARTITION BY sha256 ORDER BY predicted_at, release_id) = 1;
COMMENT ON VIEW first_judgement IS 'What the loop believed of each photo when it first saw it: what a night is measured by. Later releases judge the backlog again.';
COMMENT ON COLUMN first_judgement.sha256 IS 'The photo.';
COMMENT ON COLUMN first_judgement.night_id IS 'The night that first judged it.';
COMMENT ON COLUMN first_judgement.release_id IS 'The release that judged it then.';
COMMENT ON COLUMN first_judgement.sku IS 'The product it was taken for; empty for an unseen one.';
COMMENT ON COLUMN first_judgement.confidence IS 'Probability of that product among the candidates, 0 to 1.';
COMMENT ON COLUMN first_judgement.similarity IS 'Cosine to the nearest known product.';
COMMENT ON COLUMN first_judgement.verdict IS 'sure, unsure or unseen.';
COMMENT ON COLUMN first_judgement.predicted_at IS 'When.';

CREATE VIEW manual_share_by_night AS
WITH judged AS (
    SELECT
        night_id,
        min(predicted_at) AS first_judged_at,
        count(*) AS judged,
        count(*) FILTER (verdict = 'sure') AS sure,
        count(*) FILTER (verdict = 'unsure') AS unsure,
        count(*) FILTER (verdict = 'unseen') AS unseen
    FROM first_judgement
    GROUP BY night_id
),
asked AS (
    SELECT question.night_id, min(question.asked_at) AS first_asked_at, count(DISTINCT question_image.sha256) AS asked
    FROM question
    JOIN question_image USING (question_key)
    GROUP BY question.night_id
)
SELECT
    night_id,
    coalesce(judged.first_judged_at, asked.first_asked_at) AS began_at,
    coalesce(judged.judged, 0) AS judged,
    coalesce(judged.sure, 0) AS sure,
    coalesce(judged.unsure, 0) AS unsure,
    coalesce(judged.unseen, 0) AS unseen,
    coalesce(asked.asked, 0) AS asked,
    1 - judged.sure / judged.judged AS manual_share
FROM judged
FULL JOIN asked USING (night_id)
ORDER BY began_at, night_id;
COMMENT ON VIEW manual_share_by_night IS 'How much of each night is left to people?';
COMMENT ON COLUMN manual_share_by_night.night_id IS 'The night.';
COMMENT ON COLUMN manual_share_by_night.began_at IS 'When its first photo was judged (or asked about, where none was judged).';
COMMENT ON COLUMN manual_share_by_night.judged IS 'Photos that were judged for the first time.';
COMMENT ON COLUMN manual_share_by_night.sure IS 'Of those: recognised.';
COMMENT ON COLUMN manual_share_by_night.unsure IS 'Of those: a known product with low confidence.';
COMMENT ON COLUMN manual_share_by_night.unseen IS 'Of those: no known product.';
COMMENT ON COLUMN manual_share_by_night.asked IS 'Photos that people are asked about.';
COMMENT ON COLUMN manual_share_by_night.manual_share IS '1 - sure / judged; empty where nothing was judged.';

CREATE VIEW source_health AS
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
    SELECT source, reason, count(*) AS urls FROM crawl_failure GROUP BY source, reason
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
COMMENT ON COLUMN source_health.failing IS 'All it ever failed on, by reason, in words: http_4xx: 12, timeout: 3.';

CREATE VIEW price_history AS
SELECT
    offer.sku,
    product.title,
    offer.source,
    offer.seen_at,
    offer.price,
    offer.currency,
    offer.availability,
    lag(offer.price) OVER before_it AS price_before,
    lag(offer.availability) OVER before_it AS availability_before
FROM offer
LEFT JOIN product USING (sku)
WINDOW before_it AS (PARTITION BY offer.sku, offer.source ORDER BY offer.seq)
ORDER BY offer.sku, offer.source, offer.seq;
COMMENT ON VIEW price_history IS 'What did a product cost when and where? One row per change.';
COMMENT ON COLUMN price_history.sku IS 'The product.';
COMMENT ON COLUMN price_history.title IS 'What it is called.';
COMMENT ON COLUMN price_history.source IS 'Who offers it.';
COMMENT ON COLUMN price_history.seen_at IS 'When the change was seen.';
COMMENT ON COLUMN price_history.price IS 'From then on, in units of currency.';
COMMENT ON COLUMN price_history.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN price_history.availability IS 'From then on.';
COMMENT ON COLUMN price_history.price_before IS 'Until then; empty in the first row.';
COMMENT ON COLUMN price_history.availability_before IS 'Until then; empty in the first row.';

CREATE VIEW release_history AS
WITH measured AS (
    SELECT release_id, method, string_agg(metric || ': ' || round(value, 4), ', ' ORDER BY metric) AS metrics
    FROM release_metric
    GROUP BY release_id, method
)
SELECT
    release.seq,
    release.release_id,
    release.created_at,
    release.status,
    release.reason,
    release.published_method,
    measured.metrics,
    release.incumbent,
    release.encoder,
    release.classes_trained,
    release.classes_gallery,
    release.classes_quarantined,
    release.samples
FROM release
LEFT JOIN measured ON measured.release_id = release.release_id AND measured.method = release.published_method
ORDER BY release.seq;
COMMENT ON VIEW release_history IS 'What was trained, how good was it, and what became of it?';
COMMENT ON COLUMN release_history.seq IS 'Order of the candidates.';
COMMENT ON COLUMN release_history.release_id IS 'Name of the bundle.';
COMMENT ON COLUMN release_history.created_at IS 'When it was trained.';
COMMENT ON COLUMN release_history.status IS 'published, refused or rolled_back.';
COMMENT ON COLUMN release_history.reason IS 'Why, in words.';
COMMENT ON COLUMN release_history.published_method IS 'The method that was best.';
COMMENT ON COLUMN release_history.metrics IS 'What that method measured, in words; all methods are in release_metric.';
COMMENT ON COLUMN release_history.incumbent IS 'The release it was compared with.';
COMMENT ON COLUMN release_history.encoder IS 'Name of the encoder.';
COMMENT ON COLUMN release_history.classes_trained IS 'Classes of tier trained.';
COMMENT ON COLUMN release_history.classes_gallery IS 'Classes of tier gallery.';
COMMENT ON COLUMN release_history.classes_quarantined IS 'Classes of tier quarantined.';
COMMENT ON COLUMN release_history.samples IS 'Samples it was trained on.';

CREATE VIEW run_history AS
WITH staged AS (
    SELECT run_id, count(*) AS stages, max_by(stage, seconds) AS slowest_stage, max(seconds) AS slowest_seconds
    FROM run_stage
    GROUP BY run_id
)
SELECT
    run.run_id,
    run.flow,
    run.label,
    run.status,
    run.reason,
    run.started_at,
    run.finished_at,
    epoch(run.finished_at - run.started_at) AS seconds,
    coalesce(staged.stages, 0) AS stages,
    staged.slowest_stage,
    staged.slowest_seconds
FROM run
LEFT JOIN staged USING (run_id)
ORDER BY run.started_at, run.run_id;
COMMENT ON VIEW run_history IS 'What ran, how did it end, what took the time?';
COMMENT ON COLUMN run_history.run_id IS 'Name of the run.';
COMMENT ON COLUMN run_history.flow IS 'Which flow.';
COMMENT ON COLUMN run_history.label IS 'The night or cycle it worked for.';
COMMENT ON COLUMN run_history.status IS 'running, completed, degraded, failed, skipped or crashed.';
COMMENT ON COLUMN run_history.reason IS 'Why it ended like that, in words.';
COMMENT ON COLUMN run_history.started_at IS 'When it began.';
COMMENT ON COLUMN run_history.finished_at IS 'When it ended.';
COMMENT ON COLUMN run_history.seconds IS 'From beginning to end.';
COMMENT ON COLUMN run_history.stages IS 'Stages that ended.';
COMMENT ON COLUMN run_history.slowest_stage IS 'The stage that took longest.';
COMMENT ON COLUMN run_history.slowest_seconds IS 'How long that took.';

CREATE VIEW question_whole AS
SELECT
    question.question_key,
    question.kind,
    question.arm,
    question.run_id,
    question.night_id,
    question.release_id,
    question.sheet_path,
    question.score,
    question.reason,
    question.asked_at,
    shown.images,
    coalesce(offered.candidates, []) AS candidates,
    question.status,
    question.task_id,
    question.closed_at
FROM question
LEFT JOIN (
    SELECT question_key, list(sha256 ORDER BY position) AS images FROM question_image GROUP BY question_key
) AS shown USING (question_key)
LEFT JOIN (
    SELECT question_key, list(struct_pack(sku := sku, score := score) ORDER BY position) AS candidates
    FROM question_candidate
    GROUP BY question_key
) AS offered USING (question_key);
COMMENT ON VIEW question_whole IS 'What was asked? Each question with its photos and its answers on offer.';
COMMENT ON COLUMN question_whole.question_key IS 'Key of the content.';
COMMENT ON COLUMN question_whole.kind IS 'which_product or one_product.';
COMMENT ON COLUMN question_whole.arm IS 'unsure, unseen or random: why these photos were chosen.';
COMMENT ON COLUMN question_whole.run_id IS 'The run that asks.';
COMMENT ON COLUMN question_whole.night_id IS 'The night that asks.';
COMMENT ON COLUMN question_whole.release_id IS 'The release whose doubt it is, if there was one.';
COMMENT ON COLUMN question_whole.sheet_path IS 'Contact sheet of the photos, if any.';
COMMENT ON COLUMN question_whole.score IS 'How worthwhile the answer is.';
COMMENT ON COLUMN question_whole.reason IS 'Why it is asked, in words.';
COMMENT ON COLUMN question_whole.asked_at IS 'When it was planned.';
COMMENT ON COLUMN question_whole.images IS 'Its photos, in the order of the screen.';
COMMENT ON COLUMN question_whole.candidates IS 'Products on offer with scores, best first.';
COMMENT ON COLUMN question_whole.status IS 'pending, open, answered, withdrawn or lost.';
COMMENT ON COLUMN question_whole.task_id IS 'The task in Label Studio once it is pushed.';
COMMENT ON COLUMN question_whole.closed_at IS 'When it was answered, withdrawn or lost.';
