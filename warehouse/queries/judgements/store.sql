INSERT INTO crawl_judgement
SELECT crawl_id, coalesce((SELECT max(seq) FROM crawl_judgement), 0) + 1, source, verdict, reasons, "at"
FROM incoming
ON CONFLICT DO NOTHING
