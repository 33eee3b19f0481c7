FROM (SELECT decided_at, trained, gallery, quarantined FROM class_counts_over_time ORDER BY decided_at DESC LIMIT 60)
ORDER BY decided_at
