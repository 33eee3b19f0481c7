"""What a class is worth: whose label counts, which tier it has, which side of the split its photos are on."""
