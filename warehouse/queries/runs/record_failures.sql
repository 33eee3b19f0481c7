-- Folding a crawl again is not another attempt: only what is newer than the last failure counts.
WITH failed AS (
    FROM incoming
    QUALIFY row_number() OVER (PARTITION BY source, url, reason ORDER BY "at" DESC, row_position DESC) = 1
)
INSERT INTO crawl_failure
SELECT failed.source, failed.url, failed.reason, failed.detail, 1, failed."at", failed."at", failed.crawl_id
FROM failed
LEFT JOIN crawl_failure AS old USING (source, url, reason)
WHERE old.crawl_id IS NULL OR (old.crawl_id <> failed.crawl_id AND failed."at" > old.last_seen)
ON CONFLICT DO UPDATE SET
    detail = excluded.detail,
    attempts = crawl_failure.attempts + 1,
    last_seen = excluded.last_seen,
    crawl_id = excluded.crawl_id
