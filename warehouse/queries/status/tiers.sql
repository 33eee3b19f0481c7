SELECT tier, count(*) FROM class_now GROUP BY tier
