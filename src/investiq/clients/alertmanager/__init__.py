"""Alertmanager: its alerts and silences, and what a silence refuses."""
