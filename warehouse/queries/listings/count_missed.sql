UPDATE listing
SET missed = missed + 1, judged_at = $ended
WHERE
    source = $source
    AND last_seen_at < $began
    AND judged_at < $began
    AND url NOT IN (
        SELECT url FROM crawl_failure WHERE source = $source AND crawl_id = $crawl_id AND reason <> 'http_4xx'
    )
