"""Workflows in every state for tests of pages, made quickly by the pages' own forms, without a browser."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

import pytest

if TYPE_CHECKING:
    from http.client import HTTPMessage

    from tests.pages.serving import PageSite

NEW: Final = "/proposer/workflows/new"
_TOKEN: Final = re.compile(r'name="csrf_token" value="([^"]+)"')
_PLAN: Final[Mapping[str, str | Sequence[str]]] = {
    "description": "Repair the potholes on Main Street, and have the work checked by somebody else.",
    "recurrence": "weekly",
    "time_zone": "America/Los_Angeles",
    "role-1-key": "role1",
    "role-1-title": "Damage assessor",
    "step-1-title": "Assess damage",
    "step-1-description": "Photograph the damage and say how large it is.",
    "step-1-role": "role1",
    "step-1-bounty": "5000",
    "role-2-key": "role2",
    "role-2-title": "Quality verifier",
    "role-2-needs": ["sfluv_verifier", "dpw_certified"],
    "step-2-title": "Verify repair quality",
    "step-2-role": "role2",
    "step-2-bounty": "3000",
    "step-2-item-1-title": "Does the repair hold?",
    "step-2-item-1-choice": "1",
    "step-2-item-1-options": "Yes\nNo",
    "step-2-item-1-words_for": "No",
}


class _Stay(HTTPRedirectHandler):
    """Answers with a redirect instead of following it."""

    def redirect_request(
        self, req: Request, fp: object, code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        del req, fp, code, msg, headers, newurl
        return None


@dataclass(frozen=True, slots=True)
class Poster:
    """Somebody of the demo who posts forms."""

    site: PageSite
    who: str

    def get(self, path: str) -> str:
        """What a page says."""
        request = Request(f"{self.site.url}{path}", headers={"Cookie": f"sealwright={self.site.cookies[self.who]}"})
        with build_opener().open(request) as answer:
            text: str = answer.read().decode("utf-8")
            return text

    def post(self, path: str, fields: Mapping[str, str | Sequence[str]]) -> str:
        """Send a form that has to succeed; gives where it leads."""
        token = _TOKEN.search(self.get("/settings"))
        assert token is not None
        body = urlencode({**fields, "csrf_token": html.unescape(token[1])}, doseq=True).encode("ascii")
        headers = {
            "Cookie": f"sealwright={self.site.cookies[self.who]}",
            "Origin": self.site.url,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        with pytest.raises(HTTPError) as raised:
            build_opener(_Stay).open(Request(f"{self.site.url}{path}", body, headers))
        # Urllib takes a redirect that it does not follow for an error.
        with raised.value as answer:
            assert answer.code == 303, f"{path}: {answer}"
            return str(answer.headers["location"])


@dataclass(frozen=True, slots=True)
class WorkflowStates:
    """Addresses of what was made.

    Args:
        pending: Waits for votes, and has one with a comment.
        split: Its quorum was reached, so the countdown runs.
        series: Open, with a claim on the series.
        change: A change of the series, waiting for votes.
        claims: The claims on the series, for admins.
        draft: An unfinished workflow of the proposer's.
    """

    pending: str
    split: str
    series: str
    change: str
    deletion: str
    claims: str
    draft: str
    payout: str


def make_states(site: PageSite) -> WorkflowStates:
    """Make workflows, votes, claims and payouts in the demo's office."""
    proposer, admin, voter = Poster(site, "proposer"), Poster(site, "admin"), Poster(site, "voter1")
    draft = proposer.post(NEW, {"title": "Half a workflow", "time_zone": "UTC", "step-1-title": "First", "do": "save"})
    pending = proposer.post(NEW, {**_PLAN, "title": "Clear the gutters", "do": "submit"})
    voter.post(f"{pending}/vote", {"decision": "approve", "comment": "The street floods every winter."})
    split = proposer.post(NEW, {**_PLAN, "title": "Paint the railings", "do": "submit"})
    voter.post(f"{split}/vote", {"decision": "approve"})
    Poster(site, "voter2").post(f"{split}/vote", {"decision": "deny", "comment": "Not before spring."})
    series = proposer.post(NEW, {**_PLAN, "title": "Sweep the market", "do": "submit"})
    admin.post(f"{series}/force", {"reason": "The market opens tomorrow."})
    step = re.search(rf"{series}/steps/stp_[a-z2-7]+", admin.get(series))
    assert step is not None
    admin.post(f"{step[0]}/claim", {"reason": "Nobody else is there."})
    work = step[0].replace("/workflows/", "/improver/workflows/")
    admin.post(f"{work}/start", {})
    admin.post(f"{work}/complete", {})
    changed = {**_PLAN, "title": "Sweep the market", "step-1-bounty": "6000", "reason": "Prices rose."}
    proposer.post(f"/proposer{series}/edit", {**changed, "do": "submit"})
    change = re.search(r"/workflows/proposals/prp_[a-z2-7]+", voter.get("/workflows?kind=changes"))
    assert change is not None
    deletion = proposer.post(f"{series}/deletion", {"target_type": "series", "reason": "The market moves away."})
    claims = re.search(r"/admin/desk/series/ser_[a-z2-7]+", admin.get(series))
    payout = re.search(r"/admin/desk/payouts/pay_[a-z2-7]+", admin.get("/admin/desk/payouts"))
    assert claims is not None
    assert payout is not None
    return WorkflowStates(pending, split, series, change[0], deletion, claims[0], draft, payout[0])
