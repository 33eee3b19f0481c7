SELECT sha256, kind, sku, origin, actor, labelled_at AS "at", seq
FROM label_standing
SEMI JOIN (FROM photo_labels() WHERE conflict OR several_people) USING (sha256)
ORDER BY seq
