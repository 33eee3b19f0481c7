"""Which listings of several shops are one product."""
