INSERT INTO superclass_metric
SELECT $release_id, superclass, photos, correct, sure, sure_correct FROM incoming
