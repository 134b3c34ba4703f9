"""Reading the modules of an office: what they make stays for good, and no garbage is to be found in it."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_LAST: Final = "sealwright.bootstrap"


@contextmanager
def loading() -> Iterator[None]:
    """Import within this block, with the collector at rest: its rounds took a third of a command's whole time.

    Where the modules were read before, in a process that runs several commands, nothing is changed.
    """
    if _LAST in sys.modules or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
