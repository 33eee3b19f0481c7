SELECT night_id AS night, promised, realised, low, high, checked
FROM promise_by_night
JOIN manual_share_by_night USING (night_id)
WHERE checked > 0
ORDER BY began_at, night_id
