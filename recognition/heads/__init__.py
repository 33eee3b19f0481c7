"""Vector to SKU: whitening, prototypes, superclasses, the coarse and the fine head, and the baselines beside them."""
