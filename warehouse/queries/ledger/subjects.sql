SELECT DISTINCT subject
FROM decision
WHERE subject_kind = $subject_kind AND action = $action
