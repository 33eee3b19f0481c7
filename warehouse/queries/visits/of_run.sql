SELECT
    pages, pages_unchanged, pages_unasked, pages_postponed, images_new, images_known, images_failed, failed_by_reason,
    requests, bytes, seconds_between, asked_delay, pauses, paused_seconds, closed, source, products, seconds
FROM crawl_report
WHERE run_id = $run_id
ORDER BY source
