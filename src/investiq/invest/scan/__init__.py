"""The whole universe at the close of one session, by several processes, and gone on with after a kill."""
