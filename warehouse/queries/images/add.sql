INSERT INTO image (sha256, path, bytes, format, first_seen_run)
SELECT sha256, path, bytes, format, first_seen_run FROM incoming ORDER BY row_position
ON CONFLICT DO NOTHING
