"""`python -m investiq`: the command line."""

from investiq.cli import entry_point

entry_point()
