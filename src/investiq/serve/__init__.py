"""The processes, one folder each with its `app`; run by `investiq serve NAME` and `investiq agent`."""
