SELECT run_id, decided_at AS "at", tier, reason, samples, images FROM class_audit WHERE sku = $sku ORDER BY audit_seq
