"""What a draft of a batch knows beside its rows: the file they are read from, how it is read, and how far.

A draft keeps the file as it came until the batch is started, so that another encoding, separator or mapping can be
tried without sending it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

# Parts of a file, in bytes; each is a row of its own.
PART_BYTES: Final = 512 * 1024
# Whoever reads a file says so at least this often; a dead reader's work is taken up by another afterwards.
READING_LEASE: Final = timedelta(seconds=20)


class FileShape(StrEnum):
    """How the rows stand in a file."""

    CSV = "csv"
    NDJSON = "ndjson"


class Reading(StrEnum):
    """Where the reading of a file into rows stands."""

    NONE = "none"
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class BatchDraft:
    """What a draft knows beside its batch.

    Args:
        file_name: As the browser told it; None before anything was sent.
        size: Bytes of the file.
        encoding, separator: As somebody chose; None lets them be found.
        dates: Column to how its written dates are read (``dmy``, ``mdy``); an empty name stands for all.
        read_bytes: Of the file, by the reading that is under way.
        skipped: Rows that were left out as duplicates.
        fault_code, fault: Why reading failed, as a wire code and an English sentence without values.
        settled: Steps that somebody has been through (``columns``, ``delivery``).
        lease_until: Until when somebody reads.
        fence: Grows with each reading that is asked for; an older one stores nothing.
    """

    batch_id: str
    updated_at: datetime
    file_name: str | None = None
    size: int = 0
    shape: FileShape = FileShape.CSV
    encoding: str | None = None
    separator: str | None = None
    dates: Mapping[str, str] = field(default_factory=dict)
    reading: Reading = Reading.NONE
    read_bytes: int = 0
    skipped: int = 0
    fault_code: str | None = None
    fault: str | None = None
    settled: tuple[str, ...] = ()
    lease_until: datetime | None = None
    fence: int = 0

    @property
    def has_file(self) -> bool:
        """Tell whether there is anything to read."""
        return self.file_name is not None

    @property
    def is_busy(self) -> bool:
        """Tell whether rows are still on their way."""
        return self.reading in {Reading.WAITING, Reading.RUNNING}

    def can_be_taken(self, now: datetime) -> bool:
        """Tell whether a reader may begin: somebody asked for it, or whoever began is gone."""
        if self.reading is Reading.WAITING:
            return True
        return self.reading is Reading.RUNNING and (self.lease_until is None or self.lease_until <= now)
