SELECT crawl_id, source, verdict, reasons, judged_at AS "at"
FROM crawl_judgement
WHERE verdict = 'held'
ORDER BY seq
