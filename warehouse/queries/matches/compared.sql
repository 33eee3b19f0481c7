SELECT sku FROM product_compared WHERE fingerprint = $fingerprint
