SELECT source, origin, sku, kind, seen_at FROM image_origin WHERE sha256 = $sha256 ORDER BY seen_at, source, origin
