"""`investiq doctor`: checks this installation, and says of each thing that is wrong how to mend it. Changes nothing.

One module for each subject; `screen` runs the checks and shows them.
"""

from investiq.cli.doctor.screen import CHECKS, command

__all__ = ["CHECKS", "command"]
