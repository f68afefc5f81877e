"""The secrets of an installation: what there is, where it comes from, and how it is replaced while everything runs."""
