"""The checks of the monitoring, offline and running."""
