INSERT INTO product_match_event
SELECT
    event_id,
    coalesce((SELECT max(seq) FROM product_match_event), 0) + row_number() OVER (ORDER BY row_position),
    kind, sku, into_sku, reason, actor, "at"
FROM (FROM incoming QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY row_position) = 1)
ANTI JOIN product_match_event USING (event_id)
