SELECT superclass, photos, correct, sure, sure_correct
FROM superclass_metric
WHERE release_id = $release_id
ORDER BY superclass
