"""Checking a credential or presentation that somebody brings: pasted, as a file, by a link of ours (S14).

No account, no cookie, nothing kept: what was brought goes out with the answer, so that it can be checked again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sealwright.locales import N_
from sealwright.services.disclosing import DISCLOSURE_PATH
from sealwright.services.verify_desk import Finding
from sealwright.services.verify_reading import MOST_BYTES, Brought, BroughtLink, Unreadable
from sealwright.web.panel.page_form import Field, Form, FormData, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.shared import show_record
from sealwright.web.panel.verify_view import RESULT, finding_values, report_of
from sealwright.web.panel.verify_words import UNREADABLE
from sealwright.web.reply import Reply, encode

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

VERIFY: Final = "/verify"
REPORT: Final = "/verify/report"
REPORT_NAME: Final = "verification.json"
_OPEN: Final = "verify/open.html"
# Room for the form around a document of the largest size.
_BODY_BYTES: Final = MOST_BYTES + 64 * 1024
_NO_SUCH: Final = N_("This office has no such credential.")
_OCCASION: Final = (Field("challenge", max_length=1000), Field("domain", max_length=1000))
_DOCUMENT: Final = Field("document", max_length=MOST_BYTES, keep_spaces=True)
CHECK_FORM: Final = Form(_DOCUMENT, Field("file", Kind.FILE), *_OCCASION)
AGAIN_FORM: Final = Form(_DOCUMENT, *_OCCASION)


def show(page: PageCall) -> Reply:
    """GET /verify."""
    return page.render(_OPEN, form=FormData.blank(CHECK_FORM))


def check(page: PageCall) -> Reply:
    """POST /verify."""
    brought = _brought(page)
    if brought is None:
        return page.invalid(_OPEN)
    if isinstance(brought, BroughtLink):
        return _follow(page, brought)
    return page.render(RESULT, **_result(page, brought, _checked(page, brought)))


def report(page: PageCall) -> Reply:
    """POST /verify/report: the same check once more, as a file."""
    brought = _brought(page)
    if not isinstance(brought, Brought):
        return page.invalid(_OPEN, form=page.form if page.form.errors else FormData.blank(CHECK_FORM))
    return page.download(encode(report_of(_checked(page, brought))), REPORT_NAME, "application/json")


def _brought(page: PageCall) -> Brought | BroughtLink | None:
    """What was brought; None where the form says why it cannot be checked. A file counts before the text."""
    form, desk = page.form, page.office.verify_desk
    upload = form.file("file")
    if form.errors:
        return None
    try:
        if upload is not None and upload.content:
            return desk.read_file(upload.content)
        return desk.read_text(form.text("document"))
    except Unreadable as error:
        form.fail("file" if upload is not None and upload.content else "document", UNREADABLE[error.why])
        return None


def _checked(page: PageCall, brought: Brought) -> Finding:
    challenge, domain = page.form.optional("challenge"), page.form.optional("domain")
    return page.office.verify_desk.check(brought, challenge=challenge, domain=domain)


def _follow(page: PageCall, link: BroughtLink) -> Reply:
    if link.short is not None:
        return page.redirect(f"/v/{link.short}")
    if link.disclosure is not None:
        return page.redirect(f"{DISCLOSURE_PATH}{link.disclosure}")
    record = page.office.verify_desk.stored(link.credential_id or "")
    if record is None:
        page.form.fail("document", _NO_SUCH)
        return page.invalid(_OPEN)
    return show_record(page, record)


def _result(page: PageCall, brought: Brought, finding: Finding) -> dict[str, Any]:
    again = {"document": brought.text}
    again |= {name: page.form.text(name) for name in ("challenge", "domain") if page.form.text(name)}
    return {**finding_values(page, finding), "again": VERIFY, "report": REPORT, "fields": again, "address": None}


PAGES: Final = (
    PageRoute("GET", VERIFY, PageAudience.ANYONE, show, uses_camera=True),
    PageRoute(
        "POST", VERIFY, PageAudience.ANYONE, check, form=CHECK_FORM, uploads=True, body_bytes=_BODY_BYTES,
        uses_camera=True,
    ),
    PageRoute(
        "POST", REPORT, PageAudience.ANYONE, report, form=AGAIN_FORM, uploads=True, body_bytes=_BODY_BYTES
    ),
)  # fmt: skip
