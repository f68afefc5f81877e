"""Files of other people, read within bounds: whatever stands in them costs bounded time, and a plain error."""
