SELECT DISTINCT sha256 FROM question_image JOIN question USING (question_key) WHERE status = 'dissolved'
UNION
SELECT sha256 FROM question_stray JOIN question USING (question_key) WHERE status = 'answered'
