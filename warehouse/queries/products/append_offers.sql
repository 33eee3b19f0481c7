-- A crawl says one thing of a SKU at a source: the last. It counts where it is newer than what is stored, and is
-- appended where it differs from what was said before it.
WITH stored AS (
    SELECT sku, source, price, currency, availability, seen_at
    FROM offer
    QUALIFY row_number() OVER (PARTITION BY sku, source ORDER BY seq DESC) = 1
),
said AS (
    SELECT incoming.*
    FROM incoming
    LEFT JOIN stored USING (sku, source)
    WHERE stored.seen_at IS NULL OR incoming.seen_at > stored.seen_at
    QUALIFY row_number() OVER (
        PARTITION BY incoming.sku, incoming.source, incoming.crawl_id
        ORDER BY incoming.seen_at DESC, incoming.row_position DESC
    ) = 1
),
told AS (
    SELECT sku, source, price, currency, availability, seen_at, NULL AS crawl_id, -1 AS row_position FROM stored
    UNION ALL
    SELECT sku, source, price, currency, availability, seen_at, crawl_id, row_position FROM said
),
compared AS (
    SELECT
        *,
        row_number() OVER before_it = 1 OR (price, currency, availability) IS DISTINCT FROM (
            lag(price) OVER before_it, lag(currency) OVER before_it, lag(availability) OVER before_it
        ) AS is_news
    FROM told
    WINDOW before_it AS (PARTITION BY sku, source ORDER BY seen_at, row_position)
)
INSERT INTO offer
SELECT
    coalesce((SELECT max(seq) FROM offer), 0) + row_number() OVER (ORDER BY row_position),
    sku, source, price, currency, availability, seen_at, crawl_id
FROM compared
WHERE row_position >= 0 AND is_news
