SELECT labelled_at AS "at", origin, actor, kind, sku, stands FROM label_history WHERE sha256 = $sha256 ORDER BY seq
