"""InvestIQ: analyses stocks, trades them on paper, and is watched by construction."""
