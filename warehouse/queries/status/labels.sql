SELECT origin, count(*) FROM label_standing WHERE sku = $sku GROUP BY origin
