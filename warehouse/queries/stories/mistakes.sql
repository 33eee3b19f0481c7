SELECT seen_on, sku, taken_for, photos, superclass, taken_for_superclass FROM confusion WHERE release_id = $release_id LIMIT 20
