SELECT DISTINCT sha256 FROM question_image JOIN question USING (question_key) WHERE status = 'dissolved'
