INSERT INTO superclass (release_id, sku, superclass, name, superclass_id)
SELECT $release_id, sku, superclass, name, superclass_id FROM incoming
