SELECT seen_on AS "on", sku AS shows, title, taken_for AS "taken for", taken_for_title AS "which is", photos
FROM confusion
WHERE release_id = (SELECT release_id FROM release WHERE status = 'published' ORDER BY seq DESC LIMIT 1)
LIMIT 15
