"""A synthetic shop, its products, its photos and a simulated annotator."""
