SELECT crawl_id FROM crawl WHERE folded
