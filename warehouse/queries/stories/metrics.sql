SELECT metric, method, value FROM release_metric WHERE release_id = $release_id ORDER BY metric, value DESC, method
