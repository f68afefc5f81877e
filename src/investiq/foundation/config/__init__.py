"""Configuration: one frozen object from defaults, `investiq.toml` and the environment. Nothing else reads them."""

from investiq.foundation.config.load import ConfigError, LoadedConfig, Source, load
from investiq.foundation.config.paths import Paths
from investiq.foundation.config.schema import Config

__all__ = ["Config", "ConfigError", "LoadedConfig", "Paths", "Source", "load"]
