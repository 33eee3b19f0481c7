SELECT sku, samples, images, conflicts, unusable, tier, reason, decided_at FROM class_now ORDER BY sku
