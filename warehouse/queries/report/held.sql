SELECT source, figure, round(value, 3) AS now, round(expected, 3) AS usual, round(tolerance, 3) AS "may differ by"
FROM source_quarantine
WHERE verdict = 'held'
