SELECT image.path, question.arm || ' (' || question.status || ')' AS caption
FROM question
JOIN question_image USING (question_key)
JOIN image USING (sha256)
WHERE question.night_id = $label AND question_image.position = 0
ORDER BY question.score DESC, question.question_key
LIMIT $most
