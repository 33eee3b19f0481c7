-- Everything that content can depend on, by name: tables, views, and the macros that views call.
SELECT table_name AS name, 'table' AS kind, sql
FROM duckdb_tables()
WHERE schema_name = 'main' AND database_name = current_database() AND NOT internal AND NOT temporary
UNION ALL
SELECT view_name, 'view', sql
FROM duckdb_views()
WHERE schema_name = 'main' AND database_name = current_database() AND NOT internal AND NOT temporary
UNION ALL
SELECT function_name, 'macro', string_agg(concat_ws('|', parameters, macro_definition), '|' ORDER BY macro_definition)
FROM duckdb_functions()
WHERE schema_name = 'main' AND database_name = current_database() AND NOT internal AND macro_definition IS NOT NULL
GROUP BY function_name
ORDER BY name
