SELECT why_excluded.sku, title, previous_tier AS "was", tier AS "is", why_excluded.reason, samples, conflicts, bad_images AS "bad photos"
FROM why_excluded
JOIN run ON run.run_id = why_excluded.since_run
WHERE run.label = $label AND previous_tier IS NOT NULL
LIMIT 30
