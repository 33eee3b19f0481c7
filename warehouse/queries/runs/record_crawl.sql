INSERT INTO crawl
SELECT crawl_id, source, run_id, products, photos, images, failures, seconds, reached, finished_at, false FROM incoming
ON CONFLICT DO NOTHING
