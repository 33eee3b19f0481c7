SELECT reason, count(*) FROM open_failures GROUP BY reason ORDER BY reason
