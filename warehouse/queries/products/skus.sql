SELECT sku FROM product ANTI JOIN product_identity USING (sku) ORDER BY sku
