INSERT INTO sync_cursor VALUES ($name, $value) ON CONFLICT DO UPDATE SET value = excluded.value
