WITH came AS (
    SELECT sha256, arg_min(crawl_id, seen_at) AS crawl_id, min(seen_at) AS seen_at
    FROM image_origin
    WHERE kind = 'camera'
    GROUP BY sha256
),
crawl AS (
    SELECT crawl_id, row_number() OVER (ORDER BY min(seen_at), crawl_id) AS arrival FROM came GROUP BY crawl_id
)
SELECT sha256, arrival
FROM came
JOIN crawl USING (crawl_id)
SEMI JOIN (SELECT sha256 FROM image WHERE reason = 'ok') USING (sha256)
ORDER BY arrival DESC, sha256
