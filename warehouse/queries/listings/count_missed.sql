UPDATE listing
SET missed = missed + 1, judged_at = $ended
WHERE
    source = $source
    AND last_seen_at < $began
    AND judged_at < $began
    AND url NOT IN (
        SELECT url FROM crawl_failure WHERE source = $source AND crawl_id = $crawl_id AND reason <> 'http_4xx'
        UNION ALL  -- what failed on earlier nights and was not asked for again in this one
        SELECT url FROM crawl_retry WHERE source = $source AND reason <> 'http_4xx'
    )
    -- a shop that was left alone before the end has more than it could show
    AND NOT EXISTS (SELECT 1 FROM crawl_visit WHERE crawl_id = $crawl_id AND closed IS NOT NULL)
