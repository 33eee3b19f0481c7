SELECT question.question_key, question.kind, question.arm, question.status
FROM question_image
JOIN question USING (question_key)
WHERE question_image.sha256 = $sha256
ORDER BY question.asked_at, question.question_key
