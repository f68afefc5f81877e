"""Silences: what they are, what they refuse, and the one reader and writer of Alertmanager's."""
