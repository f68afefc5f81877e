"""Mutation testing of Prometheus rules: every small change to a rule should make some test fail."""
