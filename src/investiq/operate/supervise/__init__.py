"""How the product runs: rendering, supervision, the inbox and validation. All effects, no market and no trading."""
