"""Draws the panels of a dashboard from what Prometheus answers."""
