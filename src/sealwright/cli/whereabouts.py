"""Where a server of this data folder listens: it leaves word there, so that commands beside it name the right links.

Only links to open now follow it. What stands in documents follows the settings alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sealwright.cli.files import write_output
from sealwright.cli.misuse import UnreadableFile

if TYPE_CHECKING:
    from sealwright.settings import Settings

FILE_NAME: Final = "serving.json"


def leave_word(settings: Settings) -> None:
    """Say where this process serves; of several servers the last to start is remembered."""
    word = {"pid": os.getpid(), "url": settings.public_url}
    # A server whose data folder takes no files serves all the same.
    with suppress(UnreadableFile):
        write_output(str(settings.home / FILE_NAME), [json.dumps(word).encode("ascii")])


@contextmanager
def word_ends(home: Path) -> Iterator[None]:
    """Take the word back at the end, unless it is another server's by then."""
    try:
        yield
    finally:
        word = _read(home)
        if word is not None and word[0] == os.getpid():
            with suppress(OSError):
                (home / FILE_NAME).unlink()


def base_of_links(settings: Settings) -> str:
    """The address that links begin with: the public URL where it was set, else that of a server which runs."""
    word = _read(settings.home) if settings.public_url_is_default else None
    return word[1] if word is not None and _is_alive(word[0]) else settings.public_url


def as_served(link: str, settings: Settings) -> str:
    """A link of the office as it has to be opened now."""
    return base_of_links(settings) + link.removeprefix(settings.public_url)


def _read(home: Path) -> tuple[int, str] | None:
    try:
        word = json.loads((home / FILE_NAME).read_bytes())
        pid, url = int(word["pid"]), str(word["url"])
    except (OSError, ValueError, KeyError, TypeError):
        # Nobody serves, or the file is not ours to understand: the settings still hold.
        return None
    return (pid, url) if pid > 0 else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        # Somebody else's process, so there is one.
        return True
    return True
