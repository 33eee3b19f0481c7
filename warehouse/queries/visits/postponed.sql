SELECT url FROM crawl_retry WHERE source = $source AND (due_crawl IS NULL OR due_crawl > $crawl) ORDER BY url
