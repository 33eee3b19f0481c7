SELECT said.sha256, said.kind, said.sku, said.origin, said.actor, said.labelled_at AS "at", said.seq
FROM label_event AS said
ANTI JOIN label_event AS back ON back.event_id = 'withdrawn-' || said.event_id
WHERE said.kind <> 'withdrawn'
ORDER BY said.seq
