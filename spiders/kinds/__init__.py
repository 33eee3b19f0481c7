"""One reader for each kind of web source: a document in, products and further addresses out. Pure."""
