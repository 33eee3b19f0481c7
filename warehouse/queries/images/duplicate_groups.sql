SELECT sha256, group_id FROM duplicate_group ORDER BY sha256
