"""What the product costs, measured beside its peers: `make bench`."""
