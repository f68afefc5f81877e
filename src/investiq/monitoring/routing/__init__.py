"""Alertmanager's tree: receivers, inhibitions, messages, and what may be silenced."""
