"""The command line. `main` is a function of its arguments and streams, so that tests call it as a user would."""

from investiq.cli.main import entry_point, main

__all__ = ["entry_point", "main"]
