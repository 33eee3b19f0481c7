-- What a newer version of an annotation no longer says; what it still says stays, for nothing is deleted and added at once.
DELETE FROM question_stray
WHERE list_contains($annotations, annotation_id)
AND NOT list_contains($kept, concat(annotation_id, '-', sha256))
