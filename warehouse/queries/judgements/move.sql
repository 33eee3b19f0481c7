UPDATE crawl_judgement SET verdict = $verdict WHERE source = $source AND verdict = 'held' AND crawl_id <> $but
