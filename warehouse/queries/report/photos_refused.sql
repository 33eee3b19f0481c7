SELECT image.path, image.reason AS caption
FROM image
JOIN run ON run.run_id = image.first_seen_run
WHERE run.label = $label AND image.reason <> 'ok'
ORDER BY image.reason, image.sha256
LIMIT $most
