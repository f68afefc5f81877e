"""`investiq slo`: status from Prometheus, entries in investiq.toml."""
