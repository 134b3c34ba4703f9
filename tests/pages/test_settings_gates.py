"""Pages of the settings that stand behind a tab, held to the gates; the tabs are held to them with every page."""

from __future__ import annotations

from typing import Final

import pytest

from tests.pages.conftest import OpenPage
from tests.pages.gates import LOOKS, walk
from tests.pages.serving import PageSite

SETTINGS: Final = (
    "/settings/access/role/voter",
    "/settings/access/scope",
    "/settings/wallets/dids/export?did=did%3Aadi%3Aholder001",
)


@pytest.mark.parametrize(("theme", "width", "locale"), LOOKS)
def test_settings_hold_to_every_gate(site: PageSite, open_page: OpenPage, theme: str, width: int, locale: str) -> None:
    page = open_page("/settings", "improver", theme=theme, width=width, locale=locale)
    wrong = walk(page, site.url, SETTINGS, f"{theme}-{width}-{locale}")
    assert not wrong, "\n".join(wrong)
