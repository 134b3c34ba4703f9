"""The sheet of pieces: sample values for every piece in all its states, and the pages that show them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sealwright.domain.people import AccountRole, EmailAddress, Person, UserId, Wallet
from sealwright.domain.workflow_plans import Choice, WorkItem
from sealwright.domain.workflows import ItemResponse, Submission, WorkflowStep
from sealwright.web.panel.badges import BADGES
from sealwright.web.panel.page_call import PageCall, Toast
from sealwright.web.panel.page_form import Field, Form, FormData, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.paging import Paging
from sealwright.web.panel.plots import Caption, Series, stacked_bars
from sealwright.web.panel.qr import qr_svg
from sealwright.web.panel.workflow_view import Need, StepLine
from sealwright.web.reply import Reply

HANDED_IN: Final = Submission(
    (ItemResponse("words", "Two meters wide."), ItemResponse("bad", None, "deep", ("att_1",)))
)
NOON: Final = datetime(2026, 11, 20, 18, 20, tzinfo=UTC)
LONG_EMAIL: Final = (
    "anh.nguyen.of.the.very.long.neighborhood.association.number.seventeen@long-neighborhood-association.example.org"
)
SAMPLE_FORM: Final = Form(
    Field("organization", required=True),
    Field("message", max_length=1000),
    Field("hours", Kind.NUMBER, required=True, label="Target hours"),
    Field("theme", Kind.CHOICE, choices=("light", "dark")),
    Field("types", many=True, required=True),
    Field("level"),
    Field("agree", Kind.FLAG, required=True, label="Criteria"),
    Field("evidence", Kind.FILE, many=True),
    Field("day", Kind.DATE),
)
DECISION_FORM: Final = Form(
    Field("state", Kind.CHOICE, required=True, choices=("pending", "approved", "rejected")),
    Field("note", required=True, max_length=200),
)
TYPES: Final = [("dpw", "DPW certification"), ("verifier", "Community verifier"), ("steward", "Tool library steward")]


def _row(number: int, name: str, email: str, days: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": str(number), "href": "/dev/pieces/dialog", "name": name, "lang": None, "email": email,
        "type": "DPW certification", "at": NOON - timedelta(days=days), "badges": ["pending"], "markers": [],
        "select": True, "selected": False, "current": False, "dom_id": None, **changes,
    }  # fmt: skip


def rows() -> list[dict[str, Any]]:
    """Rows of a queue: late, long, selected, one's own, revoked after approval; many scripts."""
    return [
        _row(1, "Nguyễn Thị Ánh", LONG_EMAIL, 5, lang="vi", badges=["pending", "needs_info"], current=True,
             markers=[("past_target", None)]),
        _row(2, "Samuel Adeyemi", "s.adeyemi@example.org", 4, selected=True, markers=[("files", "3 files")]),
        _row(3, "Ines Okafor", "ines.okafor@example.org", 3, select=False, markers=[("yours", None)]),
        _row(4, "陳大文", "taiman.chan@example.org", 3, lang="zh-Hant", type="Community verifier"),
        _row(5, "نور الهاشمي", "noor.alhashimi@example.org", 2, lang="ar"),
        _row(6, "<b>Bold</b> & Old Holder", "old.holder@example.org", 49, badges=["approved", "revoked"]),
    ]  # fmt: skip


def history() -> list[dict[str, Any]]:
    """A request's life, with a reply in another language."""
    blank = {"tone": None, "note": None, "lang": None, "todo": False}
    start = NOON - timedelta(days=6)
    return [
        {**blank, "icon": "inbox", "tone": "pending", "actor": "María Muñoz", "text": "asked for DPW certification",
         "at": start},
        {**blank, "icon": "question", "tone": "info", "actor": "Ines Okafor", "text": "asked for information",
         "at": start + timedelta(days=1), "note": "Please add the second page of the training record."},
        {**blank, "icon": "note", "actor": "María Muñoz", "text": "replied and added 1 file",
         "at": start + timedelta(days=2), "note": "Adjunto la segunda página. Gracias.", "lang": "es"},
        {**blank, "icon": "stamp", "actor": None, "text": "Decision", "at": None, "todo": True},
    ]  # fmt: skip


def somebody() -> Person:
    """A person with everything, proved and unproved."""
    return Person(
        user_id=UserId("usr_7f3k2m9p4q8r1s5t6v0w2x3y"),
        email="maria.munoz@example.org",
        verified=True,
        display_name="María Muñoz",
        roles=frozenset({AccountRole.IMPROVER}),
        created_at=NOON,
        other_emails=(EmailAddress(LONG_EMAIL, verified=False),),
        wallets=(Wallet("0x71C7656EC7ab88b098defB751B7401B5f6d8976F", verified=False, label="Phone"),),
        dids=("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",),
        holder_did="did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
    )


def faulty_form() -> FormData:
    """A form that was sent with several faults."""
    return SAMPLE_FORM.read([("organization", "Harbor Works Office"), ("hours", "soon"), ("types", "dpw")])


def steps() -> tuple[StepLine, ...]:
    """Steps done, in progress, waiting, and only planned; with and without what the viewer holds."""
    photo = WorkItem("photo", "Photo of the curb", requires_photo=True, photo_required_count=2)
    words = WorkItem("words", "What did you find?", optional=True, requires_written_response=True)
    choice = WorkItem("bad", "How bad?", requires_dropdown=True, dropdown_options=(Choice("deep", "Deep"),))
    held, lacking, asked = (
        Need("dpw", "DPW certification", True),
        Need("v", "Community verifier", False),
        Need("t", "T"),
    )
    done = WorkflowStep("stp_1", 1, "rol_1", "Assess damage", work_items=(words, choice), submission=HANDED_IN)
    return (
        StepLine(1, "Assess damage", None, 50, "Crew member", (held,), (words, choice), "step_completed", is_yours=True,
                 is_done=True, step=done),
        StepLine(2, "Repair the Pier Street curb", "Bring the small mixer.", 12_000, "Crew member", (held,), (photo,),
                 "step_in_progress", is_yours=True),
        StepLine(3, "Check the Mill Lane ramp", None, 1, "Verifier", (lacking,), (), "step_locked", "María Muñoz"),
        StepLine(4, "Sweep", None, 0, "Anybody", (), ()),
        StepLine(5, "Lock up", None, 0, "Steward", (asked,), (), "step_available"),
    )  # fmt: skip


def _plot() -> Any:
    caption = Caption("weekly", "Requests per week", "By credential type", "Requests grew for four weeks.", "requests")
    layers = (Series("DPW certification", (12, 18, 21, 30)), Series("Community verifier", (4, 6, 9, 8)))
    return stacked_bars(caption, period="Week", total="All", labels=("W44", "W45", "W46", "W47"), series=layers)


def show(page: PageCall) -> Reply:
    """GET /dev/pieces."""
    word = page._
    columns = [
        {"label": word("Requester"), "href": None, "sorted": None, "cls": None, "hidden": False},
        {"label": word("Type"), "href": None, "sorted": None, "cls": "type", "hidden": False},
        {"label": word("Requested"), "href": "#", "sorted": "descending", "cls": None, "hidden": False},
        {"label": word("Status"), "href": None, "sorted": None, "cls": None, "hidden": False},
        {"label": word("Acts"), "href": None, "sorted": None, "cls": None, "hidden": True},
    ]
    return page.render(
        "dev/pieces.html",
        states=list(BADGES),
        faulty=faulty_form(),
        types=TYPES,
        columns=columns,
        rows=rows(),
        paging=Paging(2, 20, 137, page.href),
        history=history(),
        somebody=somebody(),
        code='{\n  "type": ["VerifiableCredential"],\n  "id": "urn:uuid:0d6c2f5e-7a41-4b5e-9f0f-2b9d6c1f83aa"\n}',
        qr=qr_svg(
            "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fcreds.example.org%2Fo%2F7q2v9k4x8w5t",
            "Offer",
        ),
        plot=_plot(),
        steps=steps(),
        refused=WorkflowStep(
            "stp_9", 1, "rol_1", "Assess damage", submission=Submission((), True, "The street is closed.")
        ),
    )


def show_dialog(page: PageCall) -> Reply:
    """GET /dev/pieces/dialog."""
    return page.render(
        "dev/dialog.html", dialog="dialog", form=page.fresh_form(DECISION_FORM), somebody=somebody(), history=history()
    )


def save_dialog(page: PageCall) -> Reply:
    """POST /dev/pieces/dialog."""
    if page.form.errors:
        return page.invalid("dev/dialog.html", dialog="dialog", somebody=somebody(), history=history())
    return page.done("/dev/pieces", Toast("Approved María Muñoz.", undo="/dev/pieces/undo", seconds=10))


def undo(page: PageCall) -> Reply:
    """POST /dev/pieces/undo."""
    return page.done("/dev/pieces", Toast("Taken back."))


PAGES: Final = (
    PageRoute("GET", "/dev/pieces", PageAudience.SIGNED_IN, show),
    PageRoute("GET", "/dev/pieces/dialog", PageAudience.SIGNED_IN, show_dialog),
    PageRoute("POST", "/dev/pieces/dialog", PageAudience.SIGNED_IN, save_dialog, form=DECISION_FORM),
    PageRoute("POST", "/dev/pieces/undo", PageAudience.SIGNED_IN, undo),
)
