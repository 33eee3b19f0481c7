SELECT sku, title FROM product ORDER BY sku
