SELECT
    said.event_id, said.sha256, said.kind, said.sku, said.origin, said.actor, said.labelled_at AS "at",
    said.question_key, said.annotation_id
FROM label_event AS said
ANTI JOIN label_event AS back ON back.event_id = 'withdrawn-' || said.event_id
WHERE said.kind <> 'withdrawn' AND said.origin = 'annotator'
ORDER BY said.seq
