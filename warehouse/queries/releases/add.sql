INSERT INTO release
SELECT
    release_id, (SELECT coalesce(max(seq), 0) + 1 FROM release), cycle_id, encoder, fingerprint, status, reason,
    published_method, incumbent, classes_trained, classes_gallery, classes_quarantined, samples, created_at
FROM incoming
ON CONFLICT DO NOTHING
