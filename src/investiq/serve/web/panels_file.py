"""The file of panels that `investiq up` renders: all that this console knows of the monitoring."""

from __future__ import annotations

from pathlib import Path

from investiq.foundation.contract.panels import PanelsDocument, PanelsUnreadable, parse_panels

__all__ = ["PanelsFile"]


class PanelsFile:
    """Reads the file, again when it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, ...] | None = None
        self._document: PanelsDocument | None = None

    def read(self) -> PanelsDocument:
        """What it holds now.

        Raises:
            PanelsUnreadable: it is missing, or not a file of panels of this version.
        """
        try:
            stat = self._path.stat()
            seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if self._document is None or seen != self._seen:
                self._document = parse_panels(self._path.read_bytes(), self._path)
                self._seen = seen
        except FileNotFoundError as error:
            message = f"{self._path} is not there: `investiq up` renders it, and the console finds it by data_dir"
            raise PanelsUnreadable(message) from error
        except OSError as error:
            raise PanelsUnreadable(f"{self._path} cannot be read: {error.strerror}") from error
        return self._document
