-- The nights that tell what is usual: those that were let in, from the last release by a person on, newest first.
WITH let_in AS (
    SELECT crawl_id, seq, verdict FROM crawl_judgement WHERE source = $source AND verdict IN ('normal', 'released')
),
recent AS (
    SELECT crawl_id, seq, verdict
    FROM let_in
    WHERE seq >= coalesce((SELECT max(seq) FROM let_in WHERE verdict = 'released'), 0)
    ORDER BY seq DESC
    LIMIT 14
)
SELECT crawl_figure.figure, crawl_figure.value, recent.verdict
FROM recent
JOIN crawl_figure USING (crawl_id)
ORDER BY recent.seq, crawl_figure.figure
