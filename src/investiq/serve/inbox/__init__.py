"""Keeps notifications in its own small database; must outlive the API."""
