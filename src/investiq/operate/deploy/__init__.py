"""Deploy windows."""
