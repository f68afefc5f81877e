"""Writes every rendered file."""
