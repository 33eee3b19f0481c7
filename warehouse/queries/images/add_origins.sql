INSERT INTO image_origin
SELECT sha256, source, origin, sku, kind, crawl_id, seen_at FROM incoming ORDER BY row_position
ON CONFLICT DO NOTHING
