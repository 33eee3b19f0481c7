SELECT origin, count(*) FROM label_event WHERE sku = $sku GROUP BY origin
