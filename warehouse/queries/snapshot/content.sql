-- What a table holds, whatever the order of its rows: the same figures, the same rows.
SELECT count(*), coalesce(sum(CAST(hash(content) AS HUGEINT)), 0), coalesce(bit_xor(hash(content)), 0)
FROM query_table($name) AS content
