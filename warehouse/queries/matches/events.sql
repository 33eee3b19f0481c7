SELECT event_id, kind, sku, into_sku, reason, actor, decided_at AS "at" FROM product_match_event ORDER BY seq
