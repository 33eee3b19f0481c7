SELECT sha256, kind, sku, origin, actor, labelled_at AS "at", seq
FROM label_standing
SEMI JOIN incoming ON incoming.key = label_standing.sha256
ORDER BY seq
