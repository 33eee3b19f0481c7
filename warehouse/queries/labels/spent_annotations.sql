-- Annotations of which nothing stands any more; those that were never pulled are not among them.
SELECT question_key, annotation_id FROM label_event WHERE kind = 'withdrawn' AND annotation_id IS NOT NULL
EXCEPT
SELECT said.question_key, said.annotation_id
FROM label_event AS said
ANTI JOIN label_event AS back ON back.event_id = 'withdrawn-' || said.event_id
WHERE said.kind <> 'withdrawn'
