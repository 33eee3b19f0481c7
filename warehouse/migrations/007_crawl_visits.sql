-- What each visit to a shop cost and which manners were kept; what failed is tried again, less and less often.

CREATE TABLE crawl_visit (
    crawl_id VARCHAR PRIMARY KEY,
    pages BIGINT NOT NULL,
    pages_unchanged BIGINT NOT NULL,
    pages_unasked BIGINT NOT NULL,
    pages_postponed BIGINT NOT NULL,
    images_new BIGINT NOT NULL,
    images_known BIGINT NOT NULL,
    images_failed BIGINT NOT NULL,
    failed_by_reason VARCHAR NOT NULL,
    requests BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    seconds_between DOUBLE NOT NULL,
    asked_delay DOUBLE,
    pauses BIGINT NOT NULL,
    paused_seconds DOUBLE NOT NULL,
    closed VARCHAR
);
COMMENT ON TABLE crawl_visit IS 'What a crawl of a shop on the web cost, and which manners were kept.';
COMMENT ON COLUMN crawl_visit.crawl_id IS 'The crawl.';
COMMENT ON COLUMN crawl_visit.pages IS 'Pages that were asked for and came.';
COMMENT ON COLUMN crawl_visit.pages_unchanged IS 'Of those, how many were as before.';
COMMENT ON COLUMN crawl_visit.pages_unasked IS 'Pages that the sitemap calls unchanged: taken from memory.';
COMMENT ON COLUMN crawl_visit.pages_postponed IS 'Pages that failed on earlier nights and are not due yet.';
COMMENT ON COLUMN crawl_visit.images_new IS 'Images that were not known.';
COMMENT ON COLUMN crawl_visit.images_known IS 'Images that were known, asked for or not.';
COMMENT ON COLUMN crawl_visit.images_failed IS 'Images that could not be taken.';
COMMENT ON COLUMN crawl_visit.failed_by_reason IS 'Pages and images that could not be taken, in words: http_4xx: 12, timeout: 3.';
COMMENT ON COLUMN crawl_visit.requests IS 'Requests in all, tries again and robots.txt included.';
COMMENT ON COLUMN crawl_visit.bytes IS 'Bytes of the bodies that came, as they were sent.';
COMMENT ON COLUMN crawl_visit.seconds_between IS 'Pause between two requests to the shop at the end, in seconds.';
COMMENT ON COLUMN crawl_visit.asked_delay IS 'The pause that robots.txt asks for (Crawl-delay), in seconds.';
COMMENT ON COLUMN crawl_visit.pauses IS 'How often a host asked to wait (429, Retry-After).';
COMMENT ON COLUMN crawl_visit.paused_seconds IS 'For how long in all.';
COMMENT ON COLUMN crawl_visit.closed IS 'Why the shop was left alone before the end; empty where it was not.';

CREATE TABLE crawl_retry (
    source VARCHAR NOT NULL,
    url VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    detail VARCHAR NOT NULL,
    attempts BIGINT NOT NULL,
    due_crawl BIGINT,
    failing_since TIMESTAMPTZ NOT NULL,
    last_failed_at TIMESTAMPTZ NOT NULL,
    crawl_id VARCHAR NOT NULL,
    PRIMARY KEY (source, url)
);
COMMENT ON TABLE crawl_retry IS 'What a source could not give: when it is tried again. A row goes once it is given.';
COMMENT ON COLUMN crawl_retry.source IS 'The source.';
COMMENT ON COLUMN crawl_retry.url IS 'URL or path.';
COMMENT ON COLUMN crawl_retry.reason IS 'Why it failed the last time.';
COMMENT ON COLUMN crawl_retry.detail IS 'What exactly happened the last time.';
COMMENT ON COLUMN crawl_retry.attempts IS 'Crawls in a row that failed on it.';
COMMENT ON COLUMN crawl_retry.due_crawl IS 'The crawl of the source, counted from 1, that tries again; empty once it is given up.';
COMMENT ON COLUMN crawl_retry.failing_since IS 'When it failed first.';
COMMENT ON COLUMN crawl_retry.last_failed_at IS 'When it failed last.';
COMMENT ON COLUMN crawl_retry.crawl_id IS 'The crawl that failed last.';

CREATE VIEW failing_now AS
WITH crawled AS (
    SELECT source, count(*) FILTER (reached) AS crawls FROM crawl GROUP BY source
)
SELECT
    crawl_retry.source,
    crawl_retry.url,
    crawl_retry.reason,
    crawl_retry.detail,
    crawl_retry.attempts,
    crawl_retry.failing_since,
    crawl_retry.last_failed_at,
    greatest(1, crawl_retry.due_crawl - coalesce(crawled.crawls, 0)) AS nights_until_next_attempt,
    crawl_retry.due_crawl IS NULL AS given_up
FROM crawl_retry
LEFT JOIN crawled USING (source)
ORDER BY crawl_retry.source, crawl_retry.reason, crawl_retry.url;
COMMENT ON VIEW failing_now IS 'What cannot be had from the sources now, why, and when it is tried again.';
COMMENT ON COLUMN failing_now.source IS 'The source.';
COMMENT ON COLUMN failing_now.url IS 'URL or path.';
COMMENT ON COLUMN failing_now.reason IS 'Why it failed the last time.';
COMMENT ON COLUMN failing_now.detail IS 'What exactly happened the last time.';
COMMENT ON COLUMN failing_now.attempts IS 'Crawls in a row that failed on it.';
COMMENT ON COLUMN failing_now.failing_since IS 'When it failed first.';
COMMENT ON COLUMN failing_now.last_failed_at IS 'When it failed last.';
COMMENT ON COLUMN failing_now.nights_until_next_attempt IS 'Crawls of the source until it is tried again: 1 is the next one.';
COMMENT ON COLUMN failing_now.given_up IS 'True where it is not tried again, unless the source says that it has changed.';

CREATE VIEW crawl_report AS
SELECT
    crawl.crawl_id,
    crawl.source,
    crawl.run_id,
    crawl.finished_at,
    crawl.products,
    crawl_visit.pages,
    crawl_visit.pages_unchanged,
    crawl_visit.pages_unasked,
    crawl_visit.pages_postponed,
    crawl_visit.images_new,
    crawl_visit.images_known,
    crawl_visit.images_failed,
    crawl_visit.failed_by_reason,
    crawl.seconds,
    crawl_visit.requests,
    crawl_visit.bytes,
    crawl_visit.seconds_between,
    crawl_visit.asked_delay,
    crawl_visit.pauses,
    crawl_visit.paused_seconds,
    crawl_visit.closed
FROM crawl
JOIN crawl_visit USING (crawl_id)
ORDER BY crawl.finished_at DESC, crawl.source;
COMMENT ON VIEW crawl_report IS 'What each visit to a shop brought, what it cost, and which manners were kept.';
COMMENT ON COLUMN crawl_report.crawl_id IS 'The crawl.';
COMMENT ON COLUMN crawl_report.source IS 'The shop.';
COMMENT ON COLUMN crawl_report.run_id IS 'The run that crawled.';
COMMENT ON COLUMN crawl_report.finished_at IS 'When it ended.';
COMMENT ON COLUMN crawl_report.products IS 'Products in its feed.';
COMMENT ON COLUMN crawl_report.pages IS 'Pages that were asked for and came.';
COMMENT ON COLUMN crawl_report.pages_unchanged IS 'Of those, how many were as before.';
COMMENT ON COLUMN crawl_report.pages_unasked IS 'Pages that the sitemap calls unchanged: taken from memory.';
COMMENT ON COLUMN crawl_report.pages_postponed IS 'Pages that failed on earlier nights and are not due yet.';
COMMENT ON COLUMN crawl_report.images_new IS 'Images that were not known.';
COMMENT ON COLUMN crawl_report.images_known IS 'Images that were known, asked for or not.';
COMMENT ON COLUMN crawl_report.images_failed IS 'Images that could not be taken.';
COMMENT ON COLUMN crawl_report.failed_by_reason IS 'Pages and images that could not be taken, in words: http_4xx: 12, timeout: 3.';
COMMENT ON COLUMN crawl_report.seconds IS 'How long it took.';
COMMENT ON COLUMN crawl_report.requests IS 'Requests in all, tries again and robots.txt included.';
COMMENT ON COLUMN crawl_report.bytes IS 'Bytes of the bodies that came, as they were sent.';
COMMENT ON COLUMN crawl_report.seconds_between IS 'Pause between two requests to the shop at the end, in seconds.';
COMMENT ON COLUMN crawl_report.asked_delay IS 'The pause that robots.txt asks for (Crawl-delay), in seconds.';
COMMENT ON COLUMN crawl_report.pauses IS 'How often a host asked to wait (429, Retry-After).';
COMMENT ON COLUMN crawl_report.paused_seconds IS 'For how long in all.';
COMMENT ON COLUMN crawl_report.closed IS 'Why the shop was left alone before the end; empty where it was not.';
