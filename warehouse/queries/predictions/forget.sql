-- What a night is measured by, the first judgement of each photo, is kept for ever.
DELETE FROM prediction
WHERE
    release_id IS DISTINCT FROM $current
    AND release_id NOT IN (SELECT release_id FROM release ORDER BY seq DESC LIMIT $releases)
    AND NOT EXISTS (
        SELECT 1
        FROM first_judgement
        WHERE first_judgement.sha256 = prediction.sha256 AND first_judgement.release_id = prediction.release_id
    )
