"""Reads the logs of all parts: ours, and those of programs that are not ours, in the order of time."""
