-- A crawl that was folded before there were judgements is not judged afterwards.
SELECT crawl.crawl_id, crawl.source, crawl.finished_at, crawl_visit.closed IS NOT NULL AS cut_short
FROM crawl
LEFT JOIN crawl_visit USING (crawl_id)
LEFT JOIN crawl_judgement USING (crawl_id)
WHERE NOT crawl.folded AND coalesce(crawl_judgement.verdict, '') NOT IN ('held', 'dropped')
ORDER BY crawl.finished_at, crawl.crawl_id
