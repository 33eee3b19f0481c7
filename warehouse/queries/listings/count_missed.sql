-- A page that failed since the product was last seen, tonight or on a night after which it was not asked for again, says
-- nothing, unless it failed because it is not there. A crawl that was closed before its end says nothing of what it missed.
UPDATE listing
SET missed = missed + 1, judged_at = $ended
WHERE
    source = $source
    AND last_seen_at < $began
    AND judged_at < $began
    AND NOT EXISTS (
        FROM crawl_failure
        WHERE
            crawl_failure.source = $source
            AND crawl_failure.url = listing.url
            AND crawl_failure.reason <> 'http_4xx'
            AND crawl_failure.last_seen > listing.last_seen_at
    )
    AND NOT EXISTS (FROM crawl_visit WHERE crawl_id = $crawl_id AND closed IS NOT NULL)
