"""Alertmanager's file of silences, written as it writes it: so that a restored silence keeps its id and its times.

Its API gives every silence that is posted a new id, and begins it anew. The file is a row of MeshSilence messages
(silence/silencepb/silence.proto), each behind its length.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from investiq.clients.alertmanager.silence import Silence

__all__ = ["silences_file"]

_RETENTION = timedelta(hours=120)
"""How long Alertmanager remembers a silence that has ended, by default."""
_TYPES = {"=": 0, "=~": 1, "!=": 2, "!~": 3}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_VARINT, _BYTES = 0, 2


def silences_file(silences: Iterable[Silence], *, forget: bool = True) -> bytes:
    """The file.

    Args:
        forget: let Alertmanager drop those that have ended for long, as it would have; otherwise it has them for good.
    """
    return b"".join(_message(_mesh_silence(one, forget)) for one in silences)


def _mesh_silence(silence: Silence, forget: bool) -> bytes:
    expires = silence.ends_at + (_RETENTION if forget else timedelta(days=36_500))
    return _field(1, _silence(silence)) + _field(2, _timestamp(expires))


def _silence(silence: Silence) -> bytes:
    matchers = b"".join(
        _field(2, _field(1, _TYPES[one.op]) + _field(2, one.label) + _field(3, one.value)) for one in silence.matchers
    )
    times = (silence.starts_at, silence.ends_at, silence.starts_at)
    dated = b"".join(_field(number, _timestamp(time)) for number, time in enumerate(times, start=3))
    return _field(1, silence.id) + matchers + dated + _field(8, silence.by) + _field(9, silence.reason)


def _timestamp(moment: datetime) -> bytes:
    passed = moment - _EPOCH
    return _field(1, passed.days * 86_400 + passed.seconds) + _field(2, passed.microseconds * 1000)


def _field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3 | _VARINT) + _varint(value) if value else b""
    return _varint(number << 3 | _BYTES) + _message(value.encode() if isinstance(value, str) else value)


def _message(data: bytes) -> bytes:
    return _varint(len(data)) + data


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)
