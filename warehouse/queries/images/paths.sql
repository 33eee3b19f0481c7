SELECT sha256, path FROM image WHERE list_contains($sha256s, sha256)
