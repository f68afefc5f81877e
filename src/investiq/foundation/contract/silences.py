"""What the rule and the API's own notice say of a silence that mutes too much."""

from __future__ import annotations

__all__ = ["BROAD_NAME", "BROAD_SUMMARY"]

BROAD_NAME = "SilenceTooBroad"
"""The alert, and so its runbook: the API's own notice of the same fault bears the same name."""

BROAD_SUMMARY = "a silence mutes more than it should"
