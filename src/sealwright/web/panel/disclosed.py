"""What a verifier sees behind a disclosure link: the verdict at this moment, what was disclosed, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sealwright.domain.delivery_errors import DisclosureNotFound
from sealwright.services.disclosing import DISCLOSURE_PATH, OpenedDisclosure
from sealwright.services.verify_desk import Finding
from sealwright.services.verify_reading import Brought
from sealwright.web.panel.json_text import spread
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.verify_view import RESULT, finding_values, report_of
from sealwright.web.reply import Reply, encode

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

_ONE: Final = f"{DISCLOSURE_PATH}{{token}}"
_ENDED: Final = "verify/ended.html"
_REPORT_NAME: Final = "verification.json"
JSON_NAME: Final = "disclosed-credential.json"
TEXT_NAME: Final = "disclosed-credential.txt"


def show(page: PageCall) -> Reply:
    """GET /v/d/{token}."""
    page.headers.append((b"x-robots-tag", b"noindex"))
    try:
        opened = page.office.disclosing.open(page.params["token"], counts=True)
    except DisclosureNotFound:
        return page.render(_ENDED, status=404)
    return page.render(
        RESULT,
        **finding_values(page, _checked(page, opened)),
        again=None,
        report=f"{page.path}/report",
        fields={},
        address=page.path,
        is_listed=False,
        raw=spread(dict(opened.source)) if not isinstance(opened.source, str) else opened.text,
        raw_name="SD-JWT" if opened.link.is_text else "JSON-LD",
        raw_href=f"{page.path}/document",
        until=opened.link.expires_at,
    )


def report(page: PageCall) -> Reply:
    """GET /v/d/{token}/report: the report as a file, with nothing that was not disclosed."""
    finding = _checked(page, page.office.disclosing.open(page.params["token"], counts=False))
    return page.download(encode(report_of(finding)), _REPORT_NAME, "application/json")


def document(page: PageCall) -> Reply:
    """GET /v/d/{token}/document: the derived credential, byte for byte."""
    opened = page.office.disclosing.open(page.params["token"], counts=False)
    return file_of(page, opened.text, is_text=opened.link.is_text)


def file_of(page: PageCall, text: str, *, is_text: bool) -> Reply:
    """A derived credential as a file: JSON, or the text of an SD-JWT."""
    name, media_type = (TEXT_NAME, "text/plain; charset=utf-8") if is_text else (JSON_NAME, "application/json")
    return page.download(text.encode("utf-8"), name, media_type)


def _checked(page: PageCall, opened: OpenedDisclosure) -> Finding:
    return page.office.verify_desk.check(Brought(opened.source, opened.text))


PAGES: Final = (
    PageRoute("GET", _ONE, PageAudience.ANYONE, show),
    PageRoute("GET", f"{_ONE}/report", PageAudience.ANYONE, report),
    PageRoute("GET", f"{_ONE}/document", PageAudience.ANYONE, document),
)
