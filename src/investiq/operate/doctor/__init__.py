"""The checks of `investiq doctor`: this installation, and of each thing that is wrong how to mend it.

They change nothing. One module for each subject; `examine` lists and runs them.
"""
