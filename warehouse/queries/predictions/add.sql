INSERT INTO prediction
SELECT sha256, release_id, run_id, night_id, sku, confidence, similarity, verdict, candidates, predicted_at
FROM incoming
ORDER BY row_position
ON CONFLICT DO NOTHING
