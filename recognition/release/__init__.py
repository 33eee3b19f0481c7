"""What is published: the index, the immutable bundle, the gate before it, the recogniser that opens it."""
