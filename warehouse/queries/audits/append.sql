WITH latest AS (
    FROM class_audit QUALIFY row_number() OVER (PARTITION BY sku ORDER BY audit_seq DESC) = 1
),
found AS (
    FROM incoming QUALIFY row_number() OVER (PARTITION BY sku ORDER BY row_position DESC) = 1
)
INSERT INTO class_audit
SELECT
    coalesce((SELECT max(audit_seq) FROM class_audit), 0) + row_number() OVER (ORDER BY found.row_position),
    $run_id, sku, found.samples, found.images, found.conflicts, found.unusable, found.tier, found.reason, found.decided_at
FROM found
LEFT JOIN latest USING (sku)
WHERE
    latest.sku IS NULL
    OR (found.samples, found.images, found.conflicts, found.unusable, found.tier, found.reason) IS DISTINCT FROM (
        latest.samples, latest.images, latest.conflicts, latest.unusable, latest.tier, latest.reason
    )
