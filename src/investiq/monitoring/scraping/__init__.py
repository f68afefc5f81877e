"""What is scraped and probed: ours, the programs beside it, and the user's own services."""
