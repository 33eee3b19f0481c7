SELECT count(*) FROM question WHERE night_id = $night_id
