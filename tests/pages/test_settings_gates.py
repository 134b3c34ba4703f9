"""Every tab of the settings, the front page and the pages of signing in, held to the gates."""

from __future__ import annotations

from typing import Final

import pytest

from tests.pages.conftest import OpenPage
from tests.pages.gates import LOOKS, walk
from tests.pages.serving import PageSite

SETTINGS: Final = (
    "/settings",
    "/settings/emails",
    "/settings/wallets",
    "/settings/sign-in",
    "/settings/notifications",
    "/settings/access",
    "/settings/access/issuer",
    "/settings/access/role/voter",
    "/settings/access/scope",
    "/settings/tokens",
    "/settings/tokens/keys/new",
    "/settings/privacy",
    "/settings/privacy/erase",
)
PUBLIC: Final = ("/", "/login", "/login/sent", "/login/recovery", "/login/register")


@pytest.mark.parametrize(("theme", "width", "locale"), LOOKS)
def test_settings_hold_to_every_gate(site: PageSite, open_page: OpenPage, theme: str, width: int, locale: str) -> None:
    page = open_page("/settings", "improver", theme=theme, width=width, locale=locale)
    wrong = walk(page, site.url, SETTINGS, f"{theme}-{width}-{locale}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("theme", "width", "locale"), LOOKS)
def test_public_pages_hold_to_every_gate(
    site: PageSite, open_page: OpenPage, theme: str, width: int, locale: str
) -> None:
    page = open_page("/", theme=theme, width=width, locale=locale)
    wrong = walk(page, site.url, PUBLIC, f"{theme}-{width}-{locale}")
    assert not wrong, "\n".join(wrong)
