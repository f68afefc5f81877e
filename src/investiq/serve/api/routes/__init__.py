"""The endpoints, one file for each subject. Paths are written in full: the metric label is what the decorator says."""
