SELECT sku, title, tier, samples, missing FROM distance_to_50 LIMIT 15
