INSERT INTO release_confusion SELECT $release_id, sku, taken_for, photos FROM incoming ON CONFLICT DO NOTHING
