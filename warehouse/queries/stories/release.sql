SELECT
    seq, release_id, created_at, status, reason, published_method, incumbent, encoder, fingerprint, classes_trained,
    classes_gallery, classes_quarantined, samples
FROM release
WHERE release_id = $release_id
