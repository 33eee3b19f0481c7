SELECT sku, samples, images, conflicts, unusable, tier, reason, decided_at FROM class_now WHERE sku = $sku
