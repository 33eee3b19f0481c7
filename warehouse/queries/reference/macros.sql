SELECT function_name AS name, coalesce(comment, '') AS comment
FROM duckdb_functions()
WHERE NOT internal AND schema_name = 'main' AND function_type = 'table_macro'
ORDER BY function_name
