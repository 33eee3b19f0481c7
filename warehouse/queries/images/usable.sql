SELECT sha256, path, phash FROM image WHERE reason = 'ok' ORDER BY sha256
