SELECT sku, superclass, name, superclass_id FROM superclass WHERE release_id = $release_id ORDER BY sku
