INSERT INTO crawl_visit
SELECT
    crawl_id, pages, pages_unchanged, pages_unasked, pages_postponed, images_new, images_known, images_failed,
    failed_by_reason, requests, bytes, seconds_between, asked_delay, pauses, paused_seconds, closed
FROM incoming
ON CONFLICT DO NOTHING
