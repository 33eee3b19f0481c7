-- One product, many shops: where it is listed, which SKUs are one product, which crawls are kept out.

CREATE TABLE listing (
    source VARCHAR NOT NULL,
    sku VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    brand VARCHAR,
    gtin VARCHAR,
    mpn VARCHAR,
    gtin_key VARCHAR,
    mpn_key VARCHAR,
    product_group VARCHAR,
    variant VARCHAR,
    url VARCHAR NOT NULL,
    first_seen_at TIMESTAMPTZ NOT NULL,
    last_seen_at TIMESTAMPTZ NOT NULL,
    missed BIGINT NOT NULL,
    judged_at TIMESTAMPTZ NOT NULL,
    gone_at TIMESTAMPTZ,
    PRIMARY KEY (source, sku)
);
COMMENT ON TABLE listing IS 'Every product as each shop lists it, and when it was last seen there.';
COMMENT ON COLUMN listing.source IS 'The shop.';
COMMENT ON COLUMN listing.sku IS 'As the shop calls it.';
COMMENT ON COLUMN listing.title IS 'As the shop titles it.';
COMMENT ON COLUMN listing.brand IS 'As the shop says.';
COMMENT ON COLUMN listing.gtin IS 'Barcode as the shop says, valid or not.';
COMMENT ON COLUMN listing.mpn IS 'Part number of the maker, as the shop says.';
COMMENT ON COLUMN listing.gtin_key IS 'The barcode as a GTIN-14; empty where it is not valid, or valid inside one shop only.';
COMMENT ON COLUMN listing.mpn_key IS 'Brand and part number without what means nothing; empty where either is missing.';
COMMENT ON COLUMN listing.product_group IS 'What the sizes and colours of one product have in common.';
COMMENT ON COLUMN listing.variant IS 'Which size or colour it is.';
COMMENT ON COLUMN listing.url IS 'Its page.';
COMMENT ON COLUMN listing.first_seen_at IS 'When it was first seen there.';
COMMENT ON COLUMN listing.last_seen_at IS 'When it was last seen there, changed or not.';
COMMENT ON COLUMN listing.missed IS 'Crawls in a row in which it was not there.';
COMMENT ON COLUMN listing.judged_at IS 'The last crawl that had a say in that.';
COMMENT ON COLUMN listing.gone_at IS 'Since when it counts as gone from the shop; empty while it is there.';

CREATE TABLE product_match_event (
    event_id VARCHAR PRIMARY KEY,
    seq BIGINT NOT NULL,
    kind VARCHAR NOT NULL,
    sku VARCHAR NOT NULL,
    into_sku VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    actor VARCHAR NOT NULL,
    decided_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE product_match_event IS 'Which two SKUs are one product, or are not: append-only, the last word on a pair counts.';
COMMENT ON COLUMN product_match_event.event_id IS 'Key of the content: the same word is stored once.';
COMMENT ON COLUMN product_match_event.seq IS 'Order of the events.';
COMMENT ON COLUMN product_match_event.kind IS 'merge, refuse or undo (of the word before on this pair).';
COMMENT ON COLUMN product_match_event.sku IS 'The SKU that becomes another name of a product.';
COMMENT ON COLUMN product_match_event.into_sku IS 'The SKU that stays.';
COMMENT ON COLUMN product_match_event.reason IS 'same_gtin, same_brand_and_mpn or reviewed.';
COMMENT ON COLUMN product_match_event.actor IS 'Who said it: skuloop, or the person who ran the command.';
COMMENT ON COLUMN product_match_event.decided_at IS 'When.';

CREATE TABLE product_suggestion (
    sku VARCHAR NOT NULL,
    into_sku VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    title_likeness DOUBLE NOT NULL,
    picture_likeness DOUBLE NOT NULL,
    run_id VARCHAR NOT NULL,
    suggested_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (sku, into_sku)
);
COMMENT ON TABLE product_suggestion IS 'Pairs of SKUs that may be one product; nothing follows from them until a person decides.';
COMMENT ON COLUMN product_suggestion.sku IS 'The SKU that would become another name.';
COMMENT ON COLUMN product_suggestion.into_sku IS 'The SKU that would stay.';
COMMENT ON COLUMN product_suggestion.reason IS 'looks_alike, or the key they share although it may not decide alone.';
COMMENT ON COLUMN product_suggestion.title_likeness IS 'Share of the words of the shorter title that the longer one has too.';
COMMENT ON COLUMN product_suggestion.picture_likeness IS 'Cosine of their mean pictures; 1 where a picture is the same, 0 where they were not compared.';
COMMENT ON COLUMN product_suggestion.run_id IS 'The run that suggested it.';
COMMENT ON COLUMN product_suggestion.suggested_at IS 'When.';

CREATE TABLE product_compared (
    sku VARCHAR PRIMARY KEY,
    fingerprint VARCHAR NOT NULL
);
COMMENT ON TABLE product_compared IS 'Products whose pictures were compared with all others already.';
COMMENT ON COLUMN product_compared.sku IS 'The product.';
COMMENT ON COLUMN product_compared.fingerprint IS 'The encoder that they were compared by.';

CREATE TABLE crawl_judgement (
    crawl_id VARCHAR PRIMARY KEY,
    seq BIGINT NOT NULL,
    source VARCHAR NOT NULL,
    verdict VARCHAR NOT NULL,
    reasons VARCHAR[] NOT NULL,
    judged_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE crawl_judgement IS 'Whether what a crawl brought was let in.';
COMMENT ON COLUMN crawl_judgement.crawl_id IS 'The crawl.';
COMMENT ON COLUMN crawl_judgement.seq IS 'Order of the judgements.';
COMMENT ON COLUMN crawl_judgement.source IS 'Its source.';
COMMENT ON COLUMN crawl_judgement.verdict IS 'normal, held (kept out), released (let in by a person) or dropped (a later crawl took its place).';
COMMENT ON COLUMN crawl_judgement.reasons IS 'Why it was held; empty where it was normal.';
COMMENT ON COLUMN crawl_judgement.judged_at IS 'When it was judged first.';

CREATE TABLE crawl_figure (
    crawl_id VARCHAR NOT NULL,
    figure VARCHAR NOT NULL,
    value DOUBLE NOT NULL,
    expected DOUBLE,
    tolerance DOUBLE,
    odd BOOLEAN NOT NULL,
    PRIMARY KEY (crawl_id, figure)
);
COMMENT ON TABLE crawl_figure IS 'What was measured of a crawl before it was let in.';
COMMENT ON COLUMN crawl_figure.crawl_id IS 'The crawl.';
COMMENT ON COLUMN crawl_figure.figure IS 'What was measured.';
COMMENT ON COLUMN crawl_figure.value IS 'The number: a share, a count, or a logarithm to base 10 where its name says so.';
COMMENT ON COLUMN crawl_figure.expected IS 'What the nights before let expect: their median; empty where there were none.';
COMMENT ON COLUMN crawl_figure.tolerance IS 'How far from that it may be.';
COMMENT ON COLUMN crawl_figure.odd IS 'Whether it is further off, in the direction that matters.';

CREATE VIEW product_merge AS
SELECT sku, into_sku, reason, actor, decided_at
FROM product_match_event
QUALIFY
    row_number() OVER (
        PARTITION BY least(sku, into_sku), greatest(sku, into_sku) ORDER BY seq DESC
    ) = 1
    AND kind = 'merge';
COMMENT ON VIEW product_merge IS 'Which SKUs were merged into which, and still are?';
COMMENT ON COLUMN product_merge.sku IS 'The SKU that became another name.';
COMMENT ON COLUMN product_merge.into_sku IS 'The SKU it was merged into; that one may be merged further.';
COMMENT ON COLUMN product_merge.reason IS 'same_gtin, same_brand_and_mpn or reviewed.';
COMMENT ON COLUMN product_merge.actor IS 'Who did it: skuloop, or a person.';
COMMENT ON COLUMN product_merge.decided_at IS 'When.';

CREATE VIEW product_identity AS
WITH RECURSIVE followed AS (
    SELECT sku, into_sku AS product, 1 AS steps FROM product_merge
    UNION ALL
    SELECT followed.sku, product_merge.into_sku, followed.steps + 1
    FROM followed
    JOIN product_merge ON product_merge.sku = followed.product
)
SELECT sku, product
FROM followed
QUALIFY row_number() OVER (PARTITION BY sku ORDER BY steps DESC) = 1;
COMMENT ON VIEW product_identity IS 'Which product is a merged SKU a name of? SKUs that were not merged are not in it.';
COMMENT ON COLUMN product_identity.sku IS 'A SKU that was merged into another.';
COMMENT ON COLUMN product_identity.product IS 'The SKU that stands for the product.';

CREATE OR REPLACE VIEW label_standing AS
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
ANTI JOIN label_event AS back ON back.event_id = 'withdrawn-' || said.event_id
LEFT JOIN product_identity ON product_identity.sku = said.sku
WHERE said.kind <> 'withdrawn';
COMMENT ON VIEW label_standing IS 'What was said of each photo and nobody took back?';
COMMENT ON COLUMN label_standing.event_id IS 'Key of the content.';
COMMENT ON COLUMN label_standing.seq IS 'Order of the statements.';
COMMENT ON COLUMN label_standing.sha256 IS 'The image.';
COMMENT ON COLUMN label_standing.kind IS 'sku, not_a_product or bad_photo.';
COMMENT ON COLUMN label_standing.sku IS 'The product, where kind is sku: labels of a merged SKU are labels of the product.';
COMMENT ON COLUMN label_standing.origin IS 'catalogue, folder or annotator; a person outranks the others.';
COMMENT ON COLUMN label_standing.actor IS 'Which annotator or source said it.';
COMMENT ON COLUMN label_standing.labelled_at IS 'When it was said.';
COMMENT ON COLUMN label_standing.question_key IS 'The question it answers, if any.';
COMMENT ON COLUMN label_standing.annotation_id IS 'The annotation in Label Studio, if any.';
COMMENT ON COLUMN label_standing.said_sku IS 'The SKU that was said, before any merge.';

CREATE OR REPLACE VIEW class_now AS
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
ANTI JOIN product_identity USING (sku)
QUALIFY row_number() OVER (PARTITION BY class_audit.sku ORDER BY class_audit.audit_seq DESC) = 1;
COMMENT ON VIEW class_now IS 'How does each class stand now? The latest finding of each, with its title; merged SKUs are no classes.';
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

CREATE OR REPLACE VIEW class_counts_over_time AS
WITH moved AS (
    -- A row exists only where a class changed, so each audit is the sum of what moved up to it.
    SELECT run_id, audit_seq, decided_at, tier, lag(tier) OVER (PARTITION BY sku ORDER BY audit_seq) AS left_tier
    FROM class_audit
    ANTI JOIN product_identity USING (sku)
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
COMMENT ON VIEW class_counts_over_time IS 'How do the tiers grow? Classes by tier after each audit that changed anything, without the SKUs that are merged by now.';
COMMENT ON COLUMN class_counts_over_time.run_id IS 'The run that audited.';
COMMENT ON COLUMN class_counts_over_time.decided_at IS 'When.';
COMMENT ON COLUMN class_counts_over_time.trained IS 'Classes of tier trained after it.';
COMMENT ON COLUMN class_counts_over_time.gallery IS 'Classes of tier gallery after it.';
COMMENT ON COLUMN class_counts_over_time.quarantined IS 'Classes of tier quarantined after it.';
COMMENT ON COLUMN class_counts_over_time.classes IS 'All classes after it.';

CREATE OR REPLACE VIEW price_history AS
SELECT
    offer.sku,
    product.title,
    offer.source,
    offer.seen_at,
    offer.price,
    offer.currency,
    offer.availability,
    lag(offer.price) OVER before_it AS price_before,
    lag(offer.availability) OVER before_it AS availability_before,
    coalesce(product_identity.product, offer.sku) AS product
FROM offer
LEFT JOIN product_identity USING (sku)
LEFT JOIN product ON product.sku = coalesce(product_identity.product, offer.sku)
WINDOW before_it AS (PARTITION BY offer.sku, offer.source ORDER BY offer.seq)
ORDER BY product, offer.sku, offer.source, offer.seq;
COMMENT ON VIEW price_history IS 'What did a product cost when and where? One row per change.';
COMMENT ON COLUMN price_history.sku IS 'As the source calls it.';
COMMENT ON COLUMN price_history.title IS 'What the product is called.';
COMMENT ON COLUMN price_history.source IS 'Who offers it.';
COMMENT ON COLUMN price_history.seen_at IS 'When the change was seen.';
COMMENT ON COLUMN price_history.price IS 'From then on, in units of currency.';
COMMENT ON COLUMN price_history.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN price_history.availability IS 'From then on; Gone where the source no longer lists it.';
COMMENT ON COLUMN price_history.price_before IS 'Until then; empty in the first row.';
COMMENT ON COLUMN price_history.availability_before IS 'Until then; empty in the first row.';
COMMENT ON COLUMN price_history.product IS 'The product: SKUs that were merged have one.';
COMMENT ON COLUMN offer.availability IS 'schema.org short name: InStock, OutOfStock, PreOrder, ...; Gone where the source no longer lists it.';

CREATE VIEW product_listings AS
WITH offered AS (
    FROM offer QUALIFY row_number() OVER (PARTITION BY source, sku ORDER BY seq DESC) = 1
)
SELECT
    coalesce(product_identity.product, listing.sku) AS product,
    listing.sku,
    listing.source,
    listing.title,
    offered.price,
    offered.currency,
    offered.availability,
    listing.first_seen_at,
    listing.last_seen_at,
    listing.missed,
    listing.gone_at,
    listing.url
FROM listing
LEFT JOIN product_identity USING (sku)
LEFT JOIN offered USING (source, sku)
ORDER BY product, listing.source, listing.sku;
COMMENT ON VIEW product_listings IS 'Where is a product sold, for how much, and when was it last seen there?';
COMMENT ON COLUMN product_listings.product IS 'The product.';
COMMENT ON COLUMN product_listings.sku IS 'As the shop calls it.';
COMMENT ON COLUMN product_listings.source IS 'The shop.';
COMMENT ON COLUMN product_listings.title IS 'As the shop titles it.';
COMMENT ON COLUMN product_listings.price IS 'Now, in units of currency.';
COMMENT ON COLUMN product_listings.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN product_listings.availability IS 'Now; Gone where the shop no longer lists it.';
COMMENT ON COLUMN product_listings.first_seen_at IS 'When it was first seen there.';
COMMENT ON COLUMN product_listings.last_seen_at IS 'When it was last seen there.';
COMMENT ON COLUMN product_listings.missed IS 'Crawls in a row in which it was not there.';
COMMENT ON COLUMN product_listings.gone_at IS 'Since when it counts as gone; empty while it is there.';
COMMENT ON COLUMN product_listings.url IS 'Its page.';

CREATE VIEW product_suggestions AS
SELECT
    product_suggestion.sku,
    left_product.title,
    product_suggestion.into_sku,
    right_product.title AS into_title,
    product_suggestion.reason,
    product_suggestion.title_likeness,
    product_suggestion.picture_likeness,
    product_suggestion.suggested_at
FROM product_suggestion
LEFT JOIN product AS left_product ON left_product.sku = product_suggestion.sku
LEFT JOIN product AS right_product ON right_product.sku = product_suggestion.into_sku
LEFT JOIN product_identity AS left_identity ON left_identity.sku = product_suggestion.sku
LEFT JOIN product_identity AS right_identity ON right_identity.sku = product_suggestion.into_sku
ANTI JOIN (
    -- The last word on a pair; one that was undone is open again.
    FROM product_match_event
    QUALIFY
        row_number() OVER (PARTITION BY least(sku, into_sku), greatest(sku, into_sku) ORDER BY seq DESC) = 1
        AND kind <> 'undo'
) AS said
    ON least(said.sku, said.into_sku) = least(product_suggestion.sku, product_suggestion.into_sku)
    AND greatest(said.sku, said.into_sku) = greatest(product_suggestion.sku, product_suggestion.into_sku)
WHERE
    coalesce(left_identity.product, product_suggestion.sku)
    <> coalesce(right_identity.product, product_suggestion.into_sku)
ORDER BY
    product_suggestion.title_likeness + product_suggestion.picture_likeness DESC,
    product_suggestion.sku,
    product_suggestion.into_sku;
COMMENT ON VIEW product_suggestions IS 'Which SKUs may be one product? Pairs that wait for a person, the likeliest first.';
COMMENT ON COLUMN product_suggestions.sku IS 'The SKU that would become another name.';
COMMENT ON COLUMN product_suggestions.title IS 'What it is called.';
COMMENT ON COLUMN product_suggestions.into_sku IS 'The SKU that would stay.';
COMMENT ON COLUMN product_suggestions.into_title IS 'What that one is called.';
COMMENT ON COLUMN product_suggestions.reason IS 'looks_alike, or the key they share although it may not decide alone.';
COMMENT ON COLUMN product_suggestions.title_likeness IS 'Share of the words of the shorter title that the longer one has too.';
COMMENT ON COLUMN product_suggestions.picture_likeness IS 'Cosine of their mean pictures; 1 where a picture is the same, 0 where they were not compared.';
COMMENT ON COLUMN product_suggestions.suggested_at IS 'When it was suggested.';

CREATE VIEW source_quarantine AS
SELECT
    crawl_judgement.source,
    crawl_judgement.crawl_id,
    crawl_judgement.verdict,
    crawl_judgement.reasons,
    crawl_figure.figure,
    crawl_figure.value,
    crawl_figure.expected,
    crawl_figure.tolerance,
    crawl_judgement.judged_at
FROM crawl_judgement
LEFT JOIN crawl_figure ON crawl_figure.crawl_id = crawl_judgement.crawl_id AND crawl_figure.odd
WHERE len(crawl_judgement.reasons) > 0
ORDER BY crawl_judgement.seq DESC, crawl_figure.figure;
COMMENT ON VIEW source_quarantine IS 'Which crawls were kept out, by which figures, and what became of them? One row per crawl and figure.';
COMMENT ON COLUMN source_quarantine.source IS 'The source.';
COMMENT ON COLUMN source_quarantine.crawl_id IS 'The crawl.';
COMMENT ON COLUMN source_quarantine.verdict IS 'held, released (let in by a person) or dropped (a later crawl took its place).';
COMMENT ON COLUMN source_quarantine.reasons IS 'Why.';
COMMENT ON COLUMN source_quarantine.figure IS 'A figure that is further from what was expected than it may be.';
COMMENT ON COLUMN source_quarantine.value IS 'What was measured.';
COMMENT ON COLUMN source_quarantine.expected IS 'Median of the nights before.';
COMMENT ON COLUMN source_quarantine.tolerance IS 'How far from that it may be.';
COMMENT ON COLUMN source_quarantine.judged_at IS 'When.';

CREATE VIEW placeholder_pictures AS
SELECT
    coalesce(duplicate_group.group_id, image.sha256) AS group_id,
    said.actor AS source,
    count(DISTINCT image.sha256) AS images,
    count(DISTINCT said.said_sku) AS skus,
    min(image.path) AS path
FROM image
JOIN label_standing AS said USING (sha256)
LEFT JOIN duplicate_group USING (sha256)
WHERE image.reason = 'placeholder' AND said.origin = 'catalogue'
GROUP BY ALL
ORDER BY skus DESC, group_id, source;
COMMENT ON VIEW placeholder_pictures IS 'Which pictures stand for products that have none, or are logos? They are shown at many products of one source.';
COMMENT ON COLUMN placeholder_pictures.group_id IS 'Near-duplicate group of the picture.';
COMMENT ON COLUMN placeholder_pictures.source IS 'Where it is shown.';
COMMENT ON COLUMN placeholder_pictures.images IS 'How many files of it there are.';
COMMENT ON COLUMN placeholder_pictures.skus IS 'At how many SKUs of that source.';
COMMENT ON COLUMN placeholder_pictures.path IS 'One of the files, relative to the images root.';

COMMENT ON TABLE duplicate_group IS 'Near-duplicate group of each usable image and each placeholder; a group counts as one sample.';
COMMENT ON COLUMN image.reason IS 'ok, or why the image is kept out (placeholder: it is shown at many products); empty until measured.';
