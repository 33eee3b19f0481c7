-- The n-th failure in a row waits for 2^(n-1) crawls of its source, and the last one for ever. Recording a crawl twice
-- is not another failure.
WITH failed AS (
    FROM incoming
    QUALIFY row_number() OVER (PARTITION BY source, url ORDER BY "at" DESC, row_position DESC) = 1
),
numbered AS (
    SELECT failed.*, coalesce(old.attempts, 0) + 1 AS attempts
    FROM failed
    LEFT JOIN crawl_retry AS old USING (source, url)
    WHERE old.crawl_id IS NULL OR old.crawl_id <> failed.crawl_id
)
INSERT INTO crawl_retry
SELECT
    source, url, reason, detail, attempts,
    CASE WHEN attempts < $most THEN $crawl + CAST(pow(2, attempts - 1) AS BIGINT) END,
    "at", "at", crawl_id
FROM numbered
ON CONFLICT DO UPDATE SET
    reason = excluded.reason,
    detail = excluded.detail,
    attempts = excluded.attempts,
    due_crawl = excluded.due_crawl,
    last_failed_at = excluded.last_failed_at,
    crawl_id = excluded.crawl_id
