SELECT question.kind, list(answer.seconds)
FROM answer
JOIN question USING (question_key)
WHERE answer.seconds IS NOT NULL
GROUP BY question.kind
