"""The sheet of pieces: accessible in both themes at three widths and in every language, and photographed."""

from __future__ import annotations

import pytest

from tests.pages.checks import THEMES, WIDTHS, check_page, photograph
from tests.pages.conftest import OpenPage


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_pieces_hold_to_every_gate(open_page: OpenPage, theme: str, width: int) -> None:
    page = open_page("/dev/pieces", "improver", theme=theme, width=width)
    photograph(page, f"pieces-{theme}-{width}")
    check_page(page)
