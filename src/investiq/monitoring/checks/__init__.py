"""The checks of the monitoring, each pure: documents in, findings out. `operate.validate` reads and runs."""
