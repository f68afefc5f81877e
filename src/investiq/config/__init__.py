"""Configuration: one frozen object from defaults, `investiq.toml` and the environment. Nothing else reads them."""

from investiq.config.load import ConfigError, LoadedConfig, Source, load
from investiq.config.paths import Paths
from investiq.config.schema import Config

__all__ = ["Config", "ConfigError", "LoadedConfig", "Paths", "Source", "load"]
