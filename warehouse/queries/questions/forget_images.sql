-- Only of questions that are about to be asked again: their content may have changed meanwhile.
DELETE FROM question_image
WHERE question_key IN (
    SELECT question_key FROM question SEMI JOIN incoming USING (question_key) WHERE status IN ('withdrawn', 'lost')
)
