INSERT INTO product_suggestion
SELECT sku, into_sku, reason, title_likeness, picture_likeness, $run_id, current_timestamp
FROM (
    FROM incoming
    QUALIFY row_number() OVER (
        PARTITION BY least(sku, into_sku), greatest(sku, into_sku) ORDER BY row_position
    ) = 1
)
ANTI JOIN (
    SELECT sku, into_sku FROM product_suggestion
    UNION ALL
    SELECT into_sku, sku FROM product_suggestion
) USING (sku, into_sku)
