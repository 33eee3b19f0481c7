-- The tables of the loop. Times are UTC. Where order matters there is a sequence number (seq), because clocks jump.
-- Rows are appended or keyed by content, so folding the same facts twice changes nothing.
-- No foreign keys: DuckDB refuses harmless updates of a referenced row, and the order of folding must not matter.

CREATE TABLE product (
    sku VARCHAR PRIMARY KEY,
    title VARCHAR NOT NULL,
    brand VARCHAR,
    category VARCHAR,
    gtin VARCHAR,
    description VARCHAR,
    url VARCHAR,
    source VARCHAR NOT NULL,
    named_by VARCHAR NOT NULL,
    first_seen_run VARCHAR NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE product IS 'One row per SKU: what the product is called and by whom.';
COMMENT ON COLUMN product.sku IS 'The class: exactly one sellable product.';
COMMENT ON COLUMN product.title IS 'Plain text, without markup.';
COMMENT ON COLUMN product.brand IS 'Brand, if any source tells.';
COMMENT ON COLUMN product.category IS 'Category path of the source, if it tells.';
COMMENT ON COLUMN product.gtin IS 'Global trade item number (barcode), if any source tells.';
COMMENT ON COLUMN product.description IS 'Plain text description, if any source tells.';
COMMENT ON COLUMN product.url IS 'Page of the product at its source.';
COMMENT ON COLUMN product.source IS 'The source that owns the row: only it may change fields that are filled.';
COMMENT ON COLUMN product.named_by IS 'catalogue, folder or annotator: who gave the name; the catalogue outranks the others.';
COMMENT ON COLUMN product.first_seen_run IS 'Run in which the SKU was first seen.';
COMMENT ON COLUMN product.updated_at IS 'When the source was seen to say what stands here (changes only with the content).';

CREATE TABLE offer (
    seq BIGINT PRIMARY KEY,
    sku VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    price DECIMAL(18, 4),
    currency VARCHAR,
    availability VARCHAR,
    seen_at TIMESTAMPTZ NOT NULL,
    crawl_id VARCHAR NOT NULL
);
COMMENT ON TABLE offer IS 'Price and availability over time: a row only where something changed for a SKU at a source.';
COMMENT ON COLUMN offer.seq IS 'Order of the rows.';
COMMENT ON COLUMN offer.sku IS 'The product.';
COMMENT ON COLUMN offer.source IS 'Who offers it.';
COMMENT ON COLUMN offer.price IS 'In units of currency; empty where the source shows none.';
COMMENT ON COLUMN offer.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN offer.availability IS 'schema.org short name: InStock, OutOfStock, PreOrder, ...';
COMMENT ON COLUMN offer.seen_at IS 'When the change was seen.';
COMMENT ON COLUMN offer.crawl_id IS 'The crawl that saw the change.';

CREATE TABLE image (
    sha256 VARCHAR PRIMARY KEY,
    path VARCHAR NOT NULL,
    bytes BIGINT NOT NULL,
    format VARCHAR NOT NULL,
    first_seen_run VARCHAR NOT NULL,
    width BIGINT,
    height BIGINT,
    sharpness DOUBLE,
    brightness DOUBLE,
    contrast DOUBLE,
    phash UBIGINT,
    reason VARCHAR
);
COMMENT ON TABLE image IS 'One row per distinct file, and what the quality rules measured.';
COMMENT ON COLUMN image.sha256 IS 'Hash of the bytes, hexadecimal: the name of the image everywhere.';
COMMENT ON COLUMN image.path IS 'File, relative to the images root.';
COMMENT ON COLUMN image.bytes IS 'Size of the file.';
COMMENT ON COLUMN image.format IS 'True format: JPEG, PNG, WEBP, GIF or AVIF.';
COMMENT ON COLUMN image.first_seen_run IS 'Run in which the file was first seen.';
COMMENT ON COLUMN image.width IS 'Pixels; empty until measured or where unreadable.';
COMMENT ON COLUMN image.height IS 'Pixels; empty until measured or where unreadable.';
COMMENT ON COLUMN image.sharpness IS 'The more, the sharper; empty until measured or where unreadable.';
COMMENT ON COLUMN image.brightness IS 'Mean luminance; empty until measured or where unreadable.';
COMMENT ON COLUMN image.contrast IS 'Spread of luminance; empty until measured or where unreadable.';
COMMENT ON COLUMN image.phash IS 'Perceptual hash, 64 bits: near duplicates differ in few of them.';
COMMENT ON COLUMN image.reason IS 'ok, or why the image is kept out; empty until measured.';

CREATE TABLE image_origin (
    sha256 VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    origin VARCHAR NOT NULL,
    sku VARCHAR,
    kind VARCHAR NOT NULL,
    crawl_id VARCHAR NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (sha256, source, origin)
);
COMMENT ON TABLE image_origin IS 'Every place an image was found at.';
COMMENT ON COLUMN image_origin.sha256 IS 'The image.';
COMMENT ON COLUMN image_origin.source IS 'The source.';
COMMENT ON COLUMN image_origin.origin IS 'URL, or path relative to the folder.';
COMMENT ON COLUMN image_origin.sku IS 'What that place says the image shows; empty where it says nothing.';
COMMENT ON COLUMN image_origin.kind IS 'catalogue, labelled or camera.';
COMMENT ON COLUMN image_origin.crawl_id IS 'The crawl that found it there first.';
COMMENT ON COLUMN image_origin.seen_at IS 'When it was found there first.';

CREATE TABLE duplicate_group (
    sha256 VARCHAR PRIMARY KEY,
    group_id VARCHAR NOT NULL
);
COMMENT ON TABLE duplicate_group IS 'Near-duplicate group of each usable image; a group counts as one sample.';
COMMENT ON COLUMN duplicate_group.sha256 IS 'The image.';
COMMENT ON COLUMN duplicate_group.group_id IS 'Smallest sha256 of the group.';

CREATE TABLE label_event (
    event_id VARCHAR PRIMARY KEY,
    seq BIGINT NOT NULL,
    sha256 VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    sku VARCHAR,
    origin VARCHAR NOT NULL,
    actor VARCHAR NOT NULL,
    labelled_at TIMESTAMPTZ NOT NULL,
    question_key VARCHAR,
    annotation_id BIGINT
);
COMMENT ON TABLE label_event IS 'Everything that was ever said of a photo; append-only. Labels are resolved from it.';
COMMENT ON COLUMN label_event.event_id IS 'Key of the content: the same statement is stored once.';
COMMENT ON COLUMN label_event.seq IS 'Order of the statements.';
COMMENT ON COLUMN label_event.sha256 IS 'The image.';
COMMENT ON COLUMN label_event.kind IS 'sku, not_a_product or bad_photo.';
COMMENT ON COLUMN label_event.sku IS 'The product, where kind is sku.';
COMMENT ON COLUMN label_event.origin IS 'catalogue, folder or annotator; a person outranks the others.';
COMMENT ON COLUMN label_event.actor IS 'Which annotator or source said it.';
COMMENT ON COLUMN label_event.labelled_at IS 'When it was said.';
COMMENT ON COLUMN label_event.question_key IS 'The question it answers, if any.';
COMMENT ON COLUMN label_event.annotation_id IS 'The annotation in Label Studio, if any.';

CREATE TABLE rejected_answer (
    annotation_id BIGINT NOT NULL,
    task_id BIGINT,
    question_key VARCHAR,
    reason VARCHAR NOT NULL,
    detail VARCHAR NOT NULL,
    rejected_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (annotation_id, reason)
);
COMMENT ON TABLE rejected_answer IS 'Answers from Label Studio that could not become a label.';
COMMENT ON COLUMN rejected_answer.annotation_id IS 'The annotation in Label Studio.';
COMMENT ON COLUMN rejected_answer.task_id IS 'Its task in Label Studio.';
COMMENT ON COLUMN rejected_answer.question_key IS 'The question it answers, where known.';
COMMENT ON COLUMN rejected_answer.reason IS 'unknown_class, unknown_task, malformed, missing_name or contradictory.';
COMMENT ON COLUMN rejected_answer.detail IS 'What exactly was wrong.';
COMMENT ON COLUMN rejected_answer.rejected_at IS 'When it was set aside first.';

CREATE TABLE sample_part (
    sha256 VARCHAR PRIMARY KEY,
    part VARCHAR NOT NULL
);
COMMENT ON TABLE sample_part IS 'Side of the sticky split of each labelled image.';
COMMENT ON COLUMN sample_part.sha256 IS 'The image.';
COMMENT ON COLUMN sample_part.part IS 'train or holdout.';

CREATE TABLE class_audit (
    audit_seq BIGINT PRIMARY KEY,
    run_id VARCHAR NOT NULL,
    sku VARCHAR NOT NULL,
    samples BIGINT NOT NULL,
    images BIGINT NOT NULL,
    conflicts BIGINT NOT NULL,
    unusable BIGINT NOT NULL,
    tier VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    decided_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE class_audit IS 'What each audit found of a class: a row only where something changed.';
COMMENT ON COLUMN class_audit.audit_seq IS 'Order of the rows.';
COMMENT ON COLUMN class_audit.run_id IS 'The run that audited.';
COMMENT ON COLUMN class_audit.sku IS 'The class.';
COMMENT ON COLUMN class_audit.samples IS 'Near-duplicate groups of usable images without conflict: what counts towards 50.';
COMMENT ON COLUMN class_audit.images IS 'Image files labelled as this class.';
COMMENT ON COLUMN class_audit.conflicts IS 'Images whose labels contradict each other.';
COMMENT ON COLUMN class_audit.unusable IS 'Images that the quality rules keep out.';
COMMENT ON COLUMN class_audit.tier IS 'trained, gallery or quarantined.';
COMMENT ON COLUMN class_audit.reason IS 'Why it has that tier.';
COMMENT ON COLUMN class_audit.decided_at IS 'When it was decided.';

CREATE TABLE prediction (
    sha256 VARCHAR NOT NULL,
    release_id VARCHAR NOT NULL,
    run_id VARCHAR NOT NULL,
    night_id VARCHAR NOT NULL,
    sku VARCHAR,
    confidence DOUBLE NOT NULL,
    similarity DOUBLE NOT NULL,
    verdict VARCHAR NOT NULL,
    candidates STRUCT(sku VARCHAR, score DOUBLE)[] NOT NULL,
    predicted_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (sha256, release_id)
);
COMMENT ON TABLE prediction IS 'What a release believes of a photo. A prediction is never a label.';
COMMENT ON COLUMN prediction.sha256 IS 'The image.';
COMMENT ON COLUMN prediction.release_id IS 'The release that believes it.';
COMMENT ON COLUMN prediction.run_id IS 'The run that asked it.';
COMMENT ON COLUMN prediction.night_id IS 'The night it was asked in.';
COMMENT ON COLUMN prediction.sku IS 'The best candidate; empty for an unseen product.';
COMMENT ON COLUMN prediction.confidence IS 'Calibrated, 0 to 1.';
COMMENT ON COLUMN prediction.similarity IS 'Cosine to the nearest known sample, -1 to 1.';
COMMENT ON COLUMN prediction.verdict IS 'sure, unsure (known product, low confidence) or unseen (no known product).';
COMMENT ON COLUMN prediction.candidates IS 'SKUs with scores, best first.';
COMMENT ON COLUMN prediction.predicted_at IS 'When.';

CREATE TABLE question (
    question_key VARCHAR PRIMARY KEY,
    kind VARCHAR NOT NULL,
    arm VARCHAR NOT NULL,
    run_id VARCHAR NOT NULL,
    night_id VARCHAR NOT NULL,
    release_id VARCHAR,
    sheet_path VARCHAR,
    score DOUBLE NOT NULL,
    reason VARCHAR NOT NULL,
    asked_at TIMESTAMPTZ NOT NULL,
    status VARCHAR NOT NULL,
    task_id BIGINT,
    closed_at TIMESTAMPTZ
);
COMMENT ON TABLE question IS 'What people are asked: one photo, or one cluster of photos of one product.';
COMMENT ON COLUMN question.question_key IS 'Key of the content: nobody is asked the same thing twice.';
COMMENT ON COLUMN question.kind IS 'which_product or one_product.';
COMMENT ON COLUMN question.arm IS 'unsure, unseen or random: why these photos were chosen.';
COMMENT ON COLUMN question.run_id IS 'The run that asks.';
COMMENT ON COLUMN question.night_id IS 'The night that asks.';
COMMENT ON COLUMN question.release_id IS 'The release whose doubt it is, if there was one.';
COMMENT ON COLUMN question.sheet_path IS 'Contact sheet of the photos, if any.';
COMMENT ON COLUMN question.score IS 'How worthwhile the answer is: the highest is asked first.';
COMMENT ON COLUMN question.reason IS 'Why it is asked, in words.';
COMMENT ON COLUMN question.asked_at IS 'When it was planned.';
COMMENT ON COLUMN question.status IS 'pending (not pushed yet), open, answered, withdrawn or lost (its task is gone).';
COMMENT ON COLUMN question.task_id IS 'The task in Label Studio once it is pushed.';
COMMENT ON COLUMN question.closed_at IS 'When it was answered, withdrawn or lost.';

CREATE TABLE question_image (
    question_key VARCHAR NOT NULL,
    position BIGINT NOT NULL,
    sha256 VARCHAR NOT NULL,
    PRIMARY KEY (question_key, position)
);
COMMENT ON TABLE question_image IS 'The photos of a question.';
COMMENT ON COLUMN question_image.question_key IS 'The question.';
COMMENT ON COLUMN question_image.position IS 'Place on the screen, from 0.';
COMMENT ON COLUMN question_image.sha256 IS 'The image.';

CREATE TABLE question_candidate (
    question_key VARCHAR NOT NULL,
    position BIGINT NOT NULL,
    sku VARCHAR NOT NULL,
    score DOUBLE NOT NULL,
    PRIMARY KEY (question_key, position)
);
COMMENT ON TABLE question_candidate IS 'The products offered as answers to a question.';
COMMENT ON COLUMN question_candidate.question_key IS 'The question.';
COMMENT ON COLUMN question_candidate.position IS 'Place on the screen, from 0: best first.';
COMMENT ON COLUMN question_candidate.sku IS 'The product.';
COMMENT ON COLUMN question_candidate.score IS 'How likely the release takes it to be.';

CREATE TABLE sync_cursor (
    name VARCHAR PRIMARY KEY,
    value VARCHAR NOT NULL
);
COMMENT ON TABLE sync_cursor IS 'How far each synchronisation with another system has come.';
COMMENT ON COLUMN sync_cursor.name IS 'Which synchronisation.';
COMMENT ON COLUMN sync_cursor.value IS 'Where it goes on.';

CREATE TABLE release (
    release_id VARCHAR PRIMARY KEY,
    seq BIGINT NOT NULL,
    cycle_id VARCHAR NOT NULL,
    encoder VARCHAR NOT NULL,
    fingerprint VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    published_method VARCHAR NOT NULL,
    incumbent VARCHAR,
    classes_trained BIGINT NOT NULL,
    classes_gallery BIGINT NOT NULL,
    classes_quarantined BIGINT NOT NULL,
    samples BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE release IS 'Every trained candidate and what became of it.';
COMMENT ON COLUMN release.release_id IS 'Name of the bundle.';
COMMENT ON COLUMN release.seq IS 'Order of the candidates.';
COMMENT ON COLUMN release.cycle_id IS 'The labelling cycle that trained it.';
COMMENT ON COLUMN release.encoder IS 'Name of the encoder.';
COMMENT ON COLUMN release.fingerprint IS 'Which exact encoder: vectors of two fingerprints cannot be compared.';
COMMENT ON COLUMN release.status IS 'published, refused or rolled_back.';
COMMENT ON COLUMN release.reason IS 'Why, in words.';
COMMENT ON COLUMN release.published_method IS 'The method that was best and serves.';
COMMENT ON COLUMN release.incumbent IS 'The release it was compared with; empty for the first.';
COMMENT ON COLUMN release.classes_trained IS 'Classes of tier trained.';
COMMENT ON COLUMN release.classes_gallery IS 'Classes of tier gallery.';
COMMENT ON COLUMN release.classes_quarantined IS 'Classes of tier quarantined.';
COMMENT ON COLUMN release.samples IS 'Samples it was trained on.';
COMMENT ON COLUMN release.created_at IS 'When it was trained.';

CREATE TABLE release_metric (
    release_id VARCHAR NOT NULL,
    metric VARCHAR NOT NULL,
    method VARCHAR NOT NULL,
    value DOUBLE NOT NULL,
    PRIMARY KEY (release_id, metric, method)
);
COMMENT ON TABLE release_metric IS 'What each method of a release measured on the frozen test set.';
COMMENT ON COLUMN release_metric.release_id IS 'The release.';
COMMENT ON COLUMN release_metric.metric IS 'What was measured.';
COMMENT ON COLUMN release_metric.method IS 'The method it was measured of.';
COMMENT ON COLUMN release_metric.value IS 'The number.';

CREATE TABLE superclass (
    release_id VARCHAR NOT NULL,
    sku VARCHAR NOT NULL,
    superclass BIGINT NOT NULL,
    name VARCHAR NOT NULL,
    PRIMARY KEY (release_id, sku)
);
COMMENT ON TABLE superclass IS 'The superclass of each SKU in a release: what the coarse head decides first.';
COMMENT ON COLUMN superclass.release_id IS 'The release.';
COMMENT ON COLUMN superclass.sku IS 'The class.';
COMMENT ON COLUMN superclass.superclass IS 'Number of its superclass within the release.';
COMMENT ON COLUMN superclass.name IS 'Name of its superclass, for people.';

CREATE TABLE run (
    run_id VARCHAR PRIMARY KEY,
    flow VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    pid BIGINT NOT NULL,
    host VARCHAR NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ,
    status VARCHAR NOT NULL,
    reason VARCHAR
);
COMMENT ON TABLE run IS 'Every flow run.';
COMMENT ON COLUMN run.run_id IS 'Name of the run.';
COMMENT ON COLUMN run.flow IS 'Which flow.';
COMMENT ON COLUMN run.label IS 'The night or cycle it works for.';
COMMENT ON COLUMN run.pid IS 'Its process: tells whether a running run still lives.';
COMMENT ON COLUMN run.host IS 'Its machine.';
COMMENT ON COLUMN run.started_at IS 'When it began first.';
COMMENT ON COLUMN run.finished_at IS 'When it ended; empty while it runs.';
COMMENT ON COLUMN run.status IS 'running, completed, degraded, failed, skipped or crashed.';
COMMENT ON COLUMN run.reason IS 'Why it ended like that, in words.';

CREATE TABLE run_stage (
    run_id VARCHAR NOT NULL,
    stage VARCHAR NOT NULL,
    seconds DOUBLE NOT NULL,
    summary VARCHAR NOT NULL,
    PRIMARY KEY (run_id, stage)
);
COMMENT ON TABLE run_stage IS 'The stages of each run and what they did.';
COMMENT ON COLUMN run_stage.run_id IS 'The run.';
COMMENT ON COLUMN run_stage.stage IS 'Name of the stage.';
COMMENT ON COLUMN run_stage.seconds IS 'How long it took.';
COMMENT ON COLUMN run_stage.summary IS 'What it did, in words.';

CREATE TABLE crawl (
    crawl_id VARCHAR PRIMARY KEY,
    source VARCHAR NOT NULL,
    run_id VARCHAR NOT NULL,
    products BIGINT NOT NULL,
    photos BIGINT NOT NULL,
    images BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    seconds DOUBLE NOT NULL,
    reached BOOLEAN NOT NULL,
    finished_at TIMESTAMPTZ NOT NULL,
    folded BOOLEAN NOT NULL
);
COMMENT ON TABLE crawl IS 'Every finished crawl of a source.';
COMMENT ON COLUMN crawl.crawl_id IS 'Name of the crawl.';
COMMENT ON COLUMN crawl.source IS 'The source.';
COMMENT ON COLUMN crawl.run_id IS 'The run that crawled.';
COMMENT ON COLUMN crawl.products IS 'Products in its feed.';
COMMENT ON COLUMN crawl.photos IS 'Photos in its feed.';
COMMENT ON COLUMN crawl.images IS 'Image files it stored or knew already.';
COMMENT ON COLUMN crawl.failures IS 'What it could not take.';
COMMENT ON COLUMN crawl.seconds IS 'How long it took.';
COMMENT ON COLUMN crawl.reached IS 'False where the source as a whole did not answer.';
COMMENT ON COLUMN crawl.finished_at IS 'When it ended.';
COMMENT ON COLUMN crawl.folded IS 'True once its feed is in these tables.';

CREATE TABLE crawl_failure (
    source VARCHAR NOT NULL,
    url VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    detail VARCHAR NOT NULL,
    attempts BIGINT NOT NULL,
    first_seen TIMESTAMPTZ NOT NULL,
    last_seen TIMESTAMPTZ NOT NULL,
    crawl_id VARCHAR NOT NULL,
    PRIMARY KEY (source, url, reason)
);
COMMENT ON TABLE crawl_failure IS 'What a source offered and no crawl could take, with a closed reason.';
COMMENT ON COLUMN crawl_failure.source IS 'The source.';
COMMENT ON COLUMN crawl_failure.url IS 'URL or path.';
COMMENT ON COLUMN crawl_failure.reason IS 'dns, refused, timeout, tls, http_4xx, http_5xx, robots, redirect, too_large, no_product, ...';
COMMENT ON COLUMN crawl_failure.detail IS 'What exactly happened the last time.';
COMMENT ON COLUMN crawl_failure.attempts IS 'How many crawls failed on it like this.';
COMMENT ON COLUMN crawl_failure.first_seen IS 'When it failed first.';
COMMENT ON COLUMN crawl_failure.last_seen IS 'When it failed last.';
COMMENT ON COLUMN crawl_failure.crawl_id IS 'The crawl that failed last.';

CREATE TABLE decision (
    decision_id VARCHAR PRIMARY KEY,
    seq BIGINT NOT NULL,
    run_id VARCHAR NOT NULL,
    decided_at TIMESTAMPTZ NOT NULL,
    subject_kind VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    action VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    detail VARCHAR NOT NULL
);
COMMENT ON TABLE decision IS 'The ledger: every decision of the loop, with its reason; append-only.';
COMMENT ON COLUMN decision.decision_id IS 'Key of the content: the same decision is stored once.';
COMMENT ON COLUMN decision.seq IS 'Order of the decisions.';
COMMENT ON COLUMN decision.run_id IS 'The run that decided.';
COMMENT ON COLUMN decision.decided_at IS 'When.';
COMMENT ON COLUMN decision.subject_kind IS 'sku, image, release, question, source or run.';
COMMENT ON COLUMN decision.subject IS 'Key of what was decided upon.';
COMMENT ON COLUMN decision.action IS 'What was decided.';
COMMENT ON COLUMN decision.reason IS 'Why.';
COMMENT ON COLUMN decision.detail IS 'The facts behind it, as JSON text.';

COMMENT ON TABLE schema_migration IS 'Which steps made this schema.';
COMMENT ON COLUMN schema_migration.number IS 'Number of the step.';
COMMENT ON COLUMN schema_migration.name IS 'Its file.';
COMMENT ON COLUMN schema_migration.sha256 IS 'Of its text: a step that was altered afterwards is noticed.';
COMMENT ON COLUMN schema_migration.applied_at IS 'When it ran.';
