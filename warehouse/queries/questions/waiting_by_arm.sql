SELECT arm, count(*) FROM question WHERE status IN ('pending', 'open') GROUP BY arm ORDER BY count(*) DESC, arm
