"""InvestIQ: analyses stocks, trades them on paper, and is watched by construction."""

__all__ = ["__version__"]

# pyproject.toml takes it from here: reading the installed metadata instead costs every command 50 ms.
__version__ = "0.1.0"
