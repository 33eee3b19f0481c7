DELETE FROM duplicate_group
WHERE sha256 NOT IN (SELECT sha256 FROM image WHERE reason IN ('ok', 'placeholder'))
