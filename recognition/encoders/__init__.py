"""Photo to vector: one protocol, a handcrafted encoder for the demo and any timm model for production."""
