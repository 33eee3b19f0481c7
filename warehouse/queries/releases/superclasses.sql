SELECT sku, superclass, name FROM superclass WHERE release_id = $release_id ORDER BY sku
