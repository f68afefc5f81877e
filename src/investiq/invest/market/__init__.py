"""Prices and market time."""
