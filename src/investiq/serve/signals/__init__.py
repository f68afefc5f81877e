"""The signal models service."""
