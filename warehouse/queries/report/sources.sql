SELECT source, crawls, last_reached_at AS "last reached", last_products AS products, last_photos AS photos, failing AS "cannot be had now"
FROM source_health
