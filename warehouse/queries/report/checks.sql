SELECT gate_checks.release_id AS release, about AS "check", CASE WHEN passed THEN 'passed' ELSE 'FAILED' END AS verdict, found
FROM gate_checks
JOIN release USING (release_id)
WHERE release.cycle_id = $label
