SELECT sha256, min(predicted_at) FROM prediction GROUP BY sha256
