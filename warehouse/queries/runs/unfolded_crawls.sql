SELECT crawl_id, source FROM crawl WHERE NOT folded ORDER BY finished_at, crawl_id
