SELECT count(*) > 0 FROM crawl_judgement WHERE crawl_id = $crawl_id AND verdict = 'released'
