"""What runs and examines an installation: effects; a room for each group of commands."""
