SELECT count(*) FROM crawl WHERE source = $source AND reached AND crawl_id <> $crawl_id
