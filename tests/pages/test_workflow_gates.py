"""Pages of proposers, voters and admins of workflows: filled, empty and with faults, held to every gate."""

from __future__ import annotations

import pytest

from tests.pages.checks import check_page, photograph
from tests.pages.conftest import OpenPage
from tests.pages.gates import LOOKS, walk
from tests.pages.serving import PageSite
from tests.pages.workflow_states import NEW, WorkflowStates, make_states


@pytest.fixture(scope="module")
def states(site: PageSite) -> WorkflowStates:
    return make_states(site)


@pytest.mark.parametrize(("theme", "width", "locale"), LOOKS)
def test_proposers_pages_hold_to_every_gate(
    site: PageSite, open_page: OpenPage, states: WorkflowStates, theme: str, width: int, locale: str
) -> None:
    page = open_page("/proposer", "proposer", theme=theme, width=width, locale=locale, expected=(422,))
    paths = (
        "/proposer",
        "/proposer?status=failed",
        # The editor, filled; an empty one with faults follows.
        f"/proposer{states.series}/edit",
        states.pending,
        f"{states.pending}/withdraw",
        f"{states.series}/deletion",
    )
    wrong = walk(page, site.url, paths, f"{theme}-{width}-{locale}")
    assert not wrong, "\n".join(wrong)
    page.goto(f"{site.url}{NEW}")
    page.locator("button[name=do][value=submit]").click()
    page.locator("#form-errors").wait_for()
    check_page(page)
    photograph(page, f"proposer-workflows-new-faults-{theme}-{width}-{locale}")


@pytest.mark.parametrize(("theme", "width", "locale"), LOOKS)
def test_voters_pages_hold_to_every_gate(
    site: PageSite, open_page: OpenPage, states: WorkflowStates, theme: str, width: int, locale: str
) -> None:
    page = open_page("/workflows", "voter3", theme=theme, width=width, locale=locale)
    paths = (
        "/workflows",
        "/workflows?status=expired",
        "/workflows?kind=changes",
        states.split,
        states.change,
        states.deletion,
    )
    wrong = walk(page, site.url, paths, f"voter-{theme}-{width}-{locale}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("theme", "width", "locale"), LOOKS)
def test_admins_pages_hold_to_every_gate(
    site: PageSite, open_page: OpenPage, states: WorkflowStates, theme: str, width: int, locale: str
) -> None:
    page = open_page("/admin/desk/workflows", "admin", theme=theme, width=width, locale=locale)
    claim = page.request.get(f"{site.url}{states.claims}").text().partition(f'href="{states.claims}/claims/')[2]
    paths = (
        "/admin/desk/workflows?q=nothing-like-it",
        "/admin/desk/payouts?status=void",
        "/admin/desk/payouts",
        f"{states.payout}/void",
        states.claims,
        f"{states.claims}/claims/{claim.partition(chr(34))[0]}",
        states.series,
        f"{states.pending}/force",
        f"{states.series}/fail",
    )
    wrong = walk(page, site.url, paths, f"admin-{theme}-{width}-{locale}")
    assert not wrong, "\n".join(wrong)
