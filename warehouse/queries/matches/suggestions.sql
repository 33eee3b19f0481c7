SELECT sku, title, into_sku, into_title, reason, title_likeness, picture_likeness, suggested_at FROM product_suggestions
