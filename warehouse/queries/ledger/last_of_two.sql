SELECT subject
FROM decision
WHERE subject_kind = $subject_kind AND action IN ($action, $undone_by)
GROUP BY subject
HAVING arg_max(action, seq) = $action
ORDER BY subject
