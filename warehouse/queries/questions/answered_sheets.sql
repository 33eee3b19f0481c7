SELECT count(*) FILTER (WHERE status = 'answered'), count(*) FILTER (WHERE status = 'dissolved')
FROM question
WHERE kind = 'one_product'
