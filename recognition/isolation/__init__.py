"""Where the product is on a picture: masks and boxes, learned from the catalogue, from attention or by a detector."""
