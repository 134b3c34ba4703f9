"""The sheet of pieces: accessible in both themes at three widths and in every language, and photographed."""

from __future__ import annotations

from typing import Final

import pytest

from tests.pages.checks import THEMES, WIDTHS, check_page, photograph
from tests.pages.conftest import OpenPage
from tests.pages.gates import IS_THOROUGH

LOOKS: Final = [(theme, width) for theme in THEMES for width in WIDTHS]
USUAL: Final = [("light", 768), ("dark", 1280)]


@pytest.mark.parametrize(("theme", "width"), LOOKS if IS_THOROUGH else USUAL)
def test_pieces_hold_to_every_gate(open_page: OpenPage, theme: str, width: int) -> None:
    page = open_page("/dev/pieces", "improver", theme=theme, width=width)
    photograph(page, f"pieces-{theme}-{width}")
    check_page(page)
