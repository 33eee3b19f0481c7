-- Every image that has a group, or should have, in the order of their names; `before` is the place of the first one of
-- its group. A group that lost an image may have been held together by it: its images are new again.
WITH kept AS (
    SELECT sha256, phash, row_number() OVER (ORDER BY sha256) - 1 AS place
    FROM image
    WHERE reason IN ('ok', 'placeholder')
),
torn AS (
    SELECT DISTINCT group_id FROM duplicate_group ANTI JOIN kept USING (sha256)
)
SELECT
    kept.sha256,
    kept.phash,
    CASE WHEN torn.group_id IS NULL THEN coalesce(first_of_group.place, -1) ELSE -1 END AS before
FROM kept
LEFT JOIN duplicate_group USING (sha256)
LEFT JOIN torn USING (group_id)
LEFT JOIN kept AS first_of_group ON first_of_group.sha256 = duplicate_group.group_id
ORDER BY kept.place
