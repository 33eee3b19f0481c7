SELECT sha256 FROM image WHERE reason IS NOT NULL AND reason <> 'ok'
