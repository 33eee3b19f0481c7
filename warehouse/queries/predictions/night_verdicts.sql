SELECT verdict, count(*) FROM first_judgement WHERE night_id = $night_id GROUP BY verdict
