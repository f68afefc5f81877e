"""Where the replay of this data_dir began: what every command must go by that asks about it.

`investiq up --from DAY` names the day once. Later commands, which are not told again, find it in the replay's file.
"""

from __future__ import annotations

from datetime import date

from investiq.foundation.config import Config, LoadedConfig, Paths
from investiq.invest.market.replay_state import read_state

__all__ = ["kept_start", "where_it_was"]


def kept_start(config: Config) -> date | None:
    """The first session of the replay that the data belongs to; None for new data, and without a replay.

    Raises:
        ReplayStateError: the file that knows it cannot be read.
    """
    if config.market.clock != "replay":
        return None
    state = read_state(Paths.of(config).replay_state)
    return state.start if state is not None else None


def where_it_was(loaded: LoadedConfig) -> Config:
    """The configuration, going on from the start of the data that is there, unless it names another start itself.

    Raises:
        ReplayStateError: the file that knows that start cannot be read.
    """
    config = loaded.config
    start = None if "market.start" in loaded.sources else kept_start(config)
    if start is None:
        return config
    return config.model_copy(update={"market": config.market.model_copy(update={"start": start})})
