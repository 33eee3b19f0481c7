SELECT value FROM sync_cursor WHERE name = $name
