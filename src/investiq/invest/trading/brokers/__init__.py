"""Brokers, one module each, all with the face of `protocol.Broker` and all passing one contract suite."""
