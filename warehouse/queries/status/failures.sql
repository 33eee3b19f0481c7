SELECT reason, count(*) FROM crawl_failure GROUP BY reason
