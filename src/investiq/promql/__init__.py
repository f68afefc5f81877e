"""PromQL as a language: what an expression consists of, read, changed and written again. Knows nobody's metrics."""
