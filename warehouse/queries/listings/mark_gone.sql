UPDATE listing SET gone_at = judged_at WHERE source = $source AND missed >= $nights AND gone_at IS NULL
