SELECT DISTINCT sha256
FROM question_image
JOIN question USING (question_key)
WHERE kind IN (SELECT unnest($kinds))
    -- A withdrawn question whose task is still in Label Studio may yet be answered there.
    AND (status NOT IN ('withdrawn', 'lost') OR task_id IS NOT NULL)
