INSERT INTO superclass SELECT $release_id, sku, superclass, name FROM incoming
