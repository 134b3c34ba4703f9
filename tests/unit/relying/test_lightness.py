"""The library asks little of a server: what it does not need, it does not load."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import Final

HEAVY: Final = ("sqlalchemy", "psycopg", "litestar", "uvicorn", "alembic", "typer", "structlog", "mcp")


def test_the_library_loads_no_database_and_no_office() -> None:
    program = f"import sys; import sealwright.relying; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
    # The names are those under which it would be loaded.
    assert importlib.import_module("sealwright.relying.shared_memory").sa.__name__ in HEAVY
