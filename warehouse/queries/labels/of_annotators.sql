SELECT event_id, sha256, kind, sku, origin, actor, labelled_at AS "at", question_key, annotation_id
FROM label_standing
WHERE origin = 'annotator'
ORDER BY seq
