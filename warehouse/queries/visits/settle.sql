DELETE FROM crawl_retry WHERE source = $source AND due_crawl <= $crawl AND crawl_id <> $crawl_id
