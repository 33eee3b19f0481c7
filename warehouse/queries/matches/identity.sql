SELECT sku, product FROM product_identity ORDER BY sku
