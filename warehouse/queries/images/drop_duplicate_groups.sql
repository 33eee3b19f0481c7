DELETE FROM duplicate_group WHERE sha256 NOT IN (SELECT key FROM incoming)
