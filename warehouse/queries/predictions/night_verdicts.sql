SELECT verdict, count(*) FROM prediction WHERE night_id = $night_id GROUP BY verdict
