-- A crawl that was recorded after another of its source, but ended before it by the clock: the clock was set back in
-- between. Its items are moved behind all that came before it, as far as the crawls in between took.
WITH this AS (
    SELECT rowid AS place, source, finished_at, seconds FROM crawl WHERE crawl_id = $crawl_id
),
earlier AS (
    SELECT crawl.rowid AS place, crawl.finished_at, crawl.seconds
    FROM crawl
    JOIN this USING (source)
    WHERE crawl.rowid < this.place AND crawl.reached
),
latest AS (
    SELECT max(finished_at) AS finished_at, arg_max(place, finished_at) AS place FROM earlier
)
SELECT
    latest.finished_at - this.finished_at
    + to_seconds(1 + this.seconds + coalesce((SELECT sum(1 + seconds) FROM earlier WHERE place > latest.place), 0))
FROM this, latest
WHERE latest.finished_at > this.finished_at
