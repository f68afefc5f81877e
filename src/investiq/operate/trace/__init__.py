"""Reads the spans that the parts have kept on this machine, and puts a trace together again."""
