SELECT sha256, release_id, run_id, night_id, sku, confidence, similarity, verdict, candidates, predicted_at
FROM prediction
SEMI JOIN (SELECT sha256 FROM image WHERE reason = 'ok') USING (sha256)
ANTI JOIN label_standing USING (sha256)
ANTI JOIN (
    SELECT sha256
    FROM question_image
    JOIN question USING (question_key)
    LEFT JOIN (SELECT DISTINCT question_key, sha256, true AS is_stray FROM question_stray) USING (question_key, sha256)
    -- A withdrawn question whose task is still in Label Studio may yet be answered there.
    WHERE status IN ('pending', 'open') OR (status = 'answered' AND is_stray IS NULL) OR (status = 'withdrawn' AND task_id IS NOT NULL)
) USING (sha256)
WHERE release_id = $release_id
ORDER BY sha256
