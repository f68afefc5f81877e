"""InvestIQ: analyses stocks, trades them on paper, and is watched by construction."""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("investiq")
