"""The public page of a credential: whether it holds, and what its holder lets it show. Paper carries its address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.errors import CredentialErased
from sealwright.services.sharing import SHARE_PATH
from sealwright.services.verify_desk import Finding
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.verify_view import RESULT, finding_values, report_of
from sealwright.web.reply import Reply, encode

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

_ONE: Final = f"{SHARE_PATH}{{short}}"
_GONE: Final = "verify/gone.html"
_REPORT_NAME: Final = "verification.json"


def show(page: PageCall) -> Reply:
    """GET /v/{short}."""
    shared = page.office.sharing.open(page.params["short"])
    if not shared.share.is_listed:
        page.headers.append((b"x-robots-tag", b"noindex"))
    if shared.record.document is None:
        return page.render(_GONE, status=410, is_listed=False)
    finding = page.office.verify_desk.check_record(shared.record)
    return page.render(
        RESULT,
        **finding_values(page, finding, shown=shared.shows(_claims(finding))),
        again=None,
        report=f"{page.path}/report",
        fields={},
        address=page.path,
        is_listed=shared.share.is_listed,
    )


def report(page: PageCall) -> Reply:
    """GET /v/{short}/report: the report as a file; whom the credential is about is not said."""
    shared = page.office.sharing.open(page.params["short"])
    if shared.record.document is None:
        raise CredentialErased("The document is gone with its person's data.")
    finding = page.office.verify_desk.check_record(shared.record)
    return page.download(encode(report_of(finding, names_holder=False)), _REPORT_NAME, "application/json")


def show_record(page: PageCall, record: CredentialRecord) -> Reply:
    """A stored credential by its id, which whoever has the document knows: the verdict without any claim."""
    if record.document is None:
        return page.render(_GONE, status=410, is_listed=False)
    finding = page.office.verify_desk.check_record(record)
    fields = {"document": page.form.text("document")}
    values = finding_values(page, finding, shown={})
    return page.render(RESULT, **values, again="/verify", report=None, fields=fields, address=None)


def _claims(finding: Finding) -> Mapping[str, JSONValue]:
    return finding.credentials[0].content.claims if finding.credentials else {}


PAGES: Final = (
    PageRoute("GET", _ONE, PageAudience.ANYONE, show),
    PageRoute("GET", f"{_ONE}/report", PageAudience.ANYONE, report),
)
