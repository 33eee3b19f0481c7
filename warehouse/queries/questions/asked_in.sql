SELECT kind, count(*) FROM question WHERE night_id = $night_id GROUP BY kind
