"""What every wing stands on; knows no wing."""
