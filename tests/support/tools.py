"""What to do when a tool that a test needs is not on this machine.

A skip that nobody sees is a test that nobody runs. So a missing tool is a skip with its reason, listed at the end of
the run, and under CI a failure.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def is_ci() -> bool:
    """Are we in continuous integration, where nothing may be missing?"""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def missing(reason: str) -> NoReturn:
    """Give this test up for want of a tool: a loud skip, and a failure under CI."""
    if is_ci():
        pytest.fail(f"A tool is missing, and CI is set: {reason}", pytrace=False)
    pytest.skip(reason)
