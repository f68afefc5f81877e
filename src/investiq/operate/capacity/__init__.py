"""How much the metrics, the ledger and the logs take, how fast they grow, and how long that fits."""
