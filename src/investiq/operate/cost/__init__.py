"""`investiq cost`: what running InvestIQ costs, from what is counted and the prices that are configured."""
