"""The API server: HTTP in front of market, analysis and trading."""
