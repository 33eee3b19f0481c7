SELECT
    release_id, cycle_id, encoder, fingerprint, status, reason, published_method, incumbent, classes_trained,
    classes_gallery, classes_quarantined, samples, created_at, seq
FROM release
ORDER BY seq
