INSERT INTO label_event
SELECT
    event_id,
    coalesce((SELECT max(seq) FROM label_event), 0) + row_number() OVER (ORDER BY row_position),
    sha256, kind, sku, origin, actor, "at", question_key, annotation_id
FROM (FROM incoming QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY row_position) = 1)
ANTI JOIN label_event USING (event_id)
