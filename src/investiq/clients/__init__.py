"""Whom we call: one client for each server, typed errors."""
