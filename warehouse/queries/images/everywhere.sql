-- Pictures (near-duplicate groups) that one source shows at many products. Sizes and colours of one product are one, and
-- so are SKUs that were merged; a picture that a person named shows a product, however often it is shown.
WITH shown AS (
    SELECT
        duplicate_group.group_id,
        said.actor AS source,
        coalesce(listing.product_group, said.sku) AS product
    FROM label_standing AS said
    JOIN duplicate_group USING (sha256)
    LEFT JOIN listing ON listing.source = said.actor AND listing.sku = said.said_sku
    WHERE said.origin = 'catalogue'
),
named AS (
    SELECT DISTINCT group_id
    FROM duplicate_group
    SEMI JOIN (SELECT sha256 FROM label_standing WHERE origin = 'annotator' AND kind = 'sku') USING (sha256)
),
counted AS (
    SELECT group_id, source, count(DISTINCT product) AS products
    FROM shown
    ANTI JOIN named USING (group_id)
    GROUP BY group_id, source
    HAVING products >= $fewest
    QUALIFY row_number() OVER (PARTITION BY group_id ORDER BY products DESC, source) = 1
)
SELECT counted.group_id, counted.source, counted.products, image.path
FROM counted
JOIN image ON image.sha256 = counted.group_id
ORDER BY counted.group_id
