WITH said AS (
    SELECT sha256, string_agg(DISTINCT actor, ', ' ORDER BY actor) AS said_by
    FROM label_standing
    WHERE sku = $sku
    GROUP BY sha256
),
taken AS (
    SELECT sha256, NULL AS said_by FROM first_judgement WHERE sku = $sku AND verdict <> 'unseen'
)
SELECT image.sha256, image.path, image.reason, claimed.said_by, sample_part.part
FROM (
    FROM said
    UNION ALL
    SELECT taken.* FROM taken ANTI JOIN said USING (sha256)
) AS claimed
JOIN image USING (sha256)
LEFT JOIN sample_part USING (sha256)
ORDER BY claimed.said_by IS NULL, image.reason IS DISTINCT FROM 'ok', image.sha256
LIMIT $most
