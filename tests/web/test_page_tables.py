"""Pages and API: no path and method of one table may match the other's, patterns and aliases included."""

from __future__ import annotations

import itertools
import re
from typing import Final

import pytest

from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.pages import PAGES, pages_by_path
from sealwright.web.routes import ROUTES

_PARAMETER: Final = re.compile(r"\{\w+\}")
# These API documents are read by browsers; all other reading of theirs is pages.
ADMIN_PAGES: Final = "/admin/desk/"


def overlap(first: str, second: str) -> bool:
    """Tell whether some address fits both paths."""
    left, right = first.split("/"), second.split("/")
    return len(left) == len(right) and all(
        one == other or _PARAMETER.fullmatch(one) or _PARAMETER.fullmatch(other)
        for one, other in zip(left, right, strict=True)
    )


def test_overlap_sees_patterns() -> None:
    assert overlap("/issuer/credentials/{id}", "/issuer/credentials/issue")
    assert overlap("/a/{x}/b", "/a/{y}/b")
    assert not overlap("/a/{x}", "/a/{x}/b")
    assert not overlap("/admin/desk/issuers", "/admin/issuers")


def test_no_page_matches_an_api_route() -> None:
    clashes = [
        (f"{page.method} {page.path}", route.path)
        for page, route in itertools.product(PAGES, ROUTES)
        if (page.method == route.method or {page.method, route.method} == {"GET", "HEAD"})
        and overlap(page.path, route.path)
    ]
    assert clashes == []


def test_pages_stand_once_each() -> None:
    assert sum(len(group) for group in pages_by_path(PAGES).values()) == len(PAGES)


def test_pages_that_write_belong_to_somebody_or_to_signing_in() -> None:
    open_posts = {one.path for one in PAGES if one.method == "POST" and one.audience is PageAudience.ANYONE}
    assert [path for path in open_posts if path.startswith(("/issuer", "/admin", "/improver", "/settings"))] == []


def test_pages_of_a_room_ask_for_its_role() -> None:
    wanted = {"/issuer": PageAudience.ISSUER, "/admin": PageAudience.ADMIN}
    for one in PAGES:
        for prefix, audience in wanted.items():
            if one.path == prefix or one.path.startswith(f"{prefix}/"):
                assert one.audience is audience, f"{one.method} {one.path}"


def test_a_get_carries_no_form() -> None:
    form = next(one.form for one in PAGES if one.form.fields)
    with pytest.raises(ValueError, match="GET has a query"):
        PageRoute("GET", "/somewhere", PageAudience.ANYONE, lambda page: page.redirect("/"), form=form)
