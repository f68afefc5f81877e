"""What our processes say to each other: written once, imported by both sides of every wire."""
