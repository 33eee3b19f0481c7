"""What several tests need: small data with known truth."""
