COPY (FROM query_table($name)) TO $path (FORMAT parquet, COMPRESSION zstd, KV_METADATA {skuloop_content: $stamp})
