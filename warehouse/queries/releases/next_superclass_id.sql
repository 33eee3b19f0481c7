SELECT coalesce(max(superclass_id) + 1, 0) FROM superclass
