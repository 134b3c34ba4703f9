"""`sealwright`, wrapped for tests of pages: a clock that starts at a fixed moment, and pages that no office has.

Run as ``python -m tests.pages.runner …`` with the arguments of ``sealwright``; one command is added, ``sessions``,
which signs everybody in and prints their cookies.
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Final

from sealwright.adapters.clock import SystemClock
from sealwright.locales.catalogs import PSEUDO_LANGUAGE
from sealwright.web.panel import appearance, pages

# The moment at which every run of the tests begins, and the variable that says when that was.
BEGIN: Final = datetime(2026, 11, 20, 18, 20, tzinfo=UTC)
BEGUN_AT: Final = "PAGE_TESTS_BEGUN_AT"
# Set where somebody with a clock of their own judges what the office signs.
REAL_CLOCK: Final = "PAGE_TESTS_REAL_CLOCK"


def _fixed_now(_clock: SystemClock) -> datetime:
    """The fixed moment, and the seconds since the tests began: ages on pictures stay the same, waiting still ends."""
    passed = time.time() - float(os.environ[BEGUN_AT])
    return (BEGIN + timedelta(seconds=passed)).replace(microsecond=0)


def install() -> None:
    """Change what tests change, before anything is built."""
    from tests.pages.pieces import PAGES

    if REAL_CLOCK not in os.environ:
        SystemClock.now = _fixed_now  # type: ignore[method-assign]
    appearance._EXTRA = (PSEUDO_LANGUAGE,)
    pages.mount_for_tests(PAGES)


def print_sessions() -> None:
    """Sign in everybody who has an account; prints cookies by the part of the address before the @ sign."""
    from sealwright import bootstrap
    from sealwright.cli import desk
    from sealwright.domain.sign_in import SignInMethod

    office = bootstrap.build(desk.read_settings({}))
    try:
        with office.units(write=False) as uow:
            people = uow.people.list()
        found: dict[str, str] = {}
        for person in people:
            with office.units() as uow:
                signed_in = office.sessions.start(uow, person, SignInMethod.SETUP, label="Tests")
                uow.commit()
            found[person.email.partition("@")[0]] = signed_in.cookie
    finally:
        office.close()
    print(json.dumps(found))


def main() -> None:
    """Run one command."""
    install()
    if sys.argv[1:2] == ["sessions"]:
        print_sessions()
        return
    from sealwright.cli import main as run

    run()


if __name__ == "__main__":
    main()
