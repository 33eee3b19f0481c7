-- The first crawl of a source brings everything, those after it what has changed: it says nothing of them.
WITH known AS (
    SELECT visit.bytes, row_number() OVER (ORDER BY visit.rowid) AS number
    FROM crawl_visit AS visit
    JOIN crawl USING (crawl_id)
    WHERE crawl.source = $source
),
latest AS (
    FROM known WHERE number > 1 ORDER BY number DESC LIMIT 5
)
SELECT CASE WHEN EXISTS (FROM known) THEN coalesce((SELECT max(bytes) FROM latest), 0) END
