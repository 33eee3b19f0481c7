-- Everything that was ever pulled of Label Studio: what was kept, and what was set aside.
SELECT question_key, annotation_id FROM answer
UNION
SELECT question_key, annotation_id FROM label_event WHERE question_key IS NOT NULL AND annotation_id IS NOT NULL
UNION
SELECT question_key, annotation_id FROM rejected_answer WHERE question_key IS NOT NULL
