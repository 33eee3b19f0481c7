SELECT sha256, part FROM sample_part ORDER BY sha256
