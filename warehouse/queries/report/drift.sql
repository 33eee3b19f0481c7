SELECT night_id AS night, figure, photos, median, reference_median, psi, psi_by_chance
FROM drift_by_night
WHERE figure IN ('sharpness', 'brightness', 'contrast', 'similarity')
ORDER BY began_at, night_id, figure
