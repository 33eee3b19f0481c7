INSERT INTO release_metric SELECT $release_id, metric, method, value FROM incoming
