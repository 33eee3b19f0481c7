SELECT
    (SELECT count(*) FROM image) AS images,
    (SELECT count(*) FROM image WHERE reason IS NULL) AS unmeasured,
    (
        SELECT count(*)
        FROM image
        SEMI JOIN (SELECT sha256 FROM image_origin WHERE kind = 'camera') USING (sha256)
        ANTI JOIN label_standing USING (sha256)
        WHERE reason = 'ok'
    ) AS unlabelled,
    (SELECT count(*) FROM question WHERE status = 'open') AS open_questions,
    (SELECT count(*) FROM question WHERE status = 'pending') AS pending_questions
