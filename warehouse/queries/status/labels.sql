SELECT said.origin, count(*)
FROM label_event AS said
ANTI JOIN label_event AS back ON back.event_id = 'withdrawn-' || said.event_id
WHERE said.sku = $sku
GROUP BY said.origin
