INSERT INTO crawl_figure
SELECT $crawl_id, figure, value, expected, tolerance, odd FROM incoming
ON CONFLICT DO NOTHING
