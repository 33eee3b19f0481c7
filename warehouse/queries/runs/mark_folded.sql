UPDATE crawl SET folded = true WHERE crawl_id = $crawl_id
