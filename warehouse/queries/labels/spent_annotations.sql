-- Annotations of which nothing stands any more; those that were never pulled are not among them.
SELECT question_key, annotation_id FROM label_event WHERE kind = 'withdrawn' AND annotation_id IS NOT NULL
EXCEPT
SELECT question_key, annotation_id FROM label_standing
