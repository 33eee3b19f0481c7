SELECT sha256, path FROM image WHERE reason IS NULL ORDER BY sha256
