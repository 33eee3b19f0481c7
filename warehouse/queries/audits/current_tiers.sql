SELECT sku, tier FROM class_now ORDER BY sku
