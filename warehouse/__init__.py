"""DuckDB: migrations, queries, typed functions per table family, the published snapshot."""
