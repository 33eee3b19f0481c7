SELECT sha256, kind, sku, origin, actor, labelled_at AS "at", seq FROM label_standing ORDER BY seq
