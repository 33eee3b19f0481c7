SELECT sku, taken_for, photos FROM release_confusion WHERE release_id = $release_id ORDER BY photos DESC, sku, taken_for
