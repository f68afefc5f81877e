"""What the product decides: prices, analysis, signals, trading."""
