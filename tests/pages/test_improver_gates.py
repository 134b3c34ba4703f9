"""Forms of asking for a credential, held to the gates."""

from __future__ import annotations

from typing import Final

import pytest

from tests.pages.conftest import OpenPage
from tests.pages.gates import LOOKS, walk
from tests.pages.serving import PageSite

PATHS: Final = (
    "/improver/requests/new/dpw_certified",
    "/improver/requests/new/sfluv_verifier",
)


@pytest.mark.parametrize(("theme", "width", "locale"), LOOKS)
def test_improver_pages_hold_to_every_gate(
    site: PageSite, open_page: OpenPage, theme: str, width: int, locale: str
) -> None:
    page = open_page("/improver", "improver", theme=theme, width=width, locale=locale)
    wrong = walk(page, site.url, PATHS, f"{theme}-{width}-{locale}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("theme", "width", "locale"), LOOKS)
def test_own_credential_holds_to_every_gate(
    site: PageSite, open_page: OpenPage, theme: str, width: int, locale: str
) -> None:
    page = open_page("/improver/credentials", "person37", theme=theme, width=width, locale=locale)
    own = page.locator('a[href^="/improver/credentials/"]').first.get_attribute("href")
    assert own is not None
    wrong = walk(page, site.url, [own], f"{theme}-{width}-{locale}")
    assert not wrong, "\n".join(wrong)
