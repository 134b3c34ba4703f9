"""A signed credential as its reviewers and its holder see it: what it says, how it is signed, its state (S10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.credentials import CredentialStatus
from sealwright.domain.offers import OPEN_STATES, OfferState
from sealwright.services.claim_words import spelled_claims
from sealwright.services.credential_sheets import CredentialSheet
from sealwright.services.stored_credentials import readable
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.web.panel.credential_delivery import delivery_values
from sealwright.web.panel.grant_view import acts_on
from sealwright.web.panel.issuer import labels_of, types_of
from sealwright.web.panel.json_text import spread
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.request_view import Told
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.services.offer_values import MadeOffer
    from sealwright.web.panel.page_call import PageCall

ISSUERS: Final = "/issuer/credentials"
OWN: Final = "/improver/credentials"
_TEMPLATE: Final = "credential/credential.html"


def show(page: PageCall, status: int = 200, made: MadeOffer | None = None) -> Reply:
    """GET /issuer/credentials/{id}.

    Args:
        made: An offer that the post made which this answers.
    """
    sheet = page.office.credential_sheets.get(page.caller, page.params["id"])
    request_id = sheet.grant.request_id if sheet.grant is not None else None
    path = f"{ISSUERS}/{sheet.record.credential_id}"
    return page.render(
        _TEMPLATE,
        partial="deliver",
        status=status,
        holder_path=f"/issuer/holders/{sheet.holder.user_id}" if sheet.holder is not None else None,
        request_path=f"/issuer/requests/{request_id}" if request_id is not None else None,
        path=path,
        back=None,
        **_values(page, sheet, labels_of(page, types_of(page))),
        **delivery_values(page, sheet, path, is_own=False, made=made),
    )


def show_own(page: PageCall, status: int = 200, made: MadeOffer | None = None) -> Reply:
    """GET /improver/credentials/{id}: the same sheet for whoever holds it; arguments as `show`."""
    sheet = page.office.credential_sheets.own(page.caller, page.params["id"])
    request_id = sheet.grant.request_id if sheet.grant is not None else None
    known = sheet.type
    labels = {known.value: known.label_in(page.texts.language)} if known is not None else {}
    path = f"{OWN}/{sheet.record.credential_id}"
    return page.render(
        _TEMPLATE,
        partial="deliver",
        status=status,
        holder_path=None,
        request_path=f"/improver/requests/{request_id}" if request_id is not None else None,
        path=path,
        back=OWN,
        **_values(page, sheet, labels),
        **delivery_values(page, sheet, path, is_own=True, made=made),
    )


def _values(page: PageCall, sheet: CredentialSheet, labels: Mapping[str, str]) -> dict[str, Any]:
    record, grant = sheet.record, sheet.grant
    status = record.status_at(page.now)
    document = readable(record.document) if record.document is not None else None
    is_set = status in {CredentialStatus.REVOKED, CredentialStatus.SUSPENDED}
    return {
        "sheet": sheet,
        "record": record,
        "grant": grant,
        "holder": sheet.holder,
        "label": labels.get(grant.credential_type, grant.credential_type)
        if grant is not None
        else _names(record.types),
        "badges": [status.value, *_delivery_badge(page, sheet)],
        "claims": _claims(document),
        "issuer": _issuer(document),
        "schema": _schema(page, sheet),
        "history": _history(page, sheet),
        "code": spread(document) if document is not None else None,
        "acts": _acts(page, sheet, status),
        "status_url": _status_url(document),
        "bit_word": page._("set") if is_set else page._("not set"),
    }


def _delivery_badge(page: PageCall, sheet: CredentialSheet) -> tuple[str, ...]:
    """How far delivery has come, beside the state; once handed over it stays so."""
    states = {one.state_at(page.now) for one in sheet.offers}
    if OfferState.DELIVERED in states:
        return ("delivered",)
    return ("offered",) if states & OPEN_STATES else ()


def _names(types: tuple[str, ...]) -> str:
    return next((one for one in types if one != "VerifiableCredential"), "VerifiableCredential")


def _claims(document: JSONValue) -> list[tuple[str, str]]:
    subject = document.get("credentialSubject") if isinstance(document, dict) else None
    if not isinstance(subject, dict):
        return []
    return list(spelled_claims({name: value for name, value in subject.items() if name != "id"}))


def _issuer(document: JSONValue) -> str | None:
    issuer = document.get("issuer") if isinstance(document, dict) else None
    name = issuer.get("name") if isinstance(issuer, dict) else None
    return name if isinstance(name, str) else None


def _status_url(document: JSONValue) -> str | None:
    status: Any = document.get("credentialStatus") if isinstance(document, dict) else None
    entry = status[0] if isinstance(status, list) and status else status
    url = entry.get("statusListCredential") if isinstance(entry, dict) else None
    return url if isinstance(url, str) else None


def _schema(page: PageCall, sheet: CredentialSheet) -> str | None:
    schema_id = sheet.record.schema_id
    record = page.view().schema(schema_id) if schema_id is not None else None
    if record is None:
        return schema_id
    return page._("%(name)s, version %(version)s", name=record.name, version=record.version)


def _acts(page: PageCall, sheet: CredentialSheet, status: CredentialStatus) -> tuple[str, ...]:
    """Acts go by the grant, whose credential this is; both end together. A wallet's own form has none here."""
    grant = sheet.grant
    if grant is None or sheet.is_yours or sheet.record.copy_of is not None or status is CredentialStatus.REVOKED:
        return ()
    return acts_on(grant.status_at(page.now), sheet.type)


def _history(page: PageCall, sheet: CredentialSheet) -> list[Told]:
    record, grant, told = sheet.record, sheet.grant, []
    if grant is not None:
        actor = _name(sheet, grant.issued_by)
        text = page._("approved the request") if grant.request_id is not None else page._("granted it directly")
        told.append(
            Told("check", text if actor is not None else page._("Approved"), grant.issued_at, actor, "approved")
        )
    signed = page._("Signed with %(proof)s", proof=record.proof_type)
    told.append(Told("seal", signed, record.issued_at, tone="issued"))
    if record.status is CredentialStatus.SUSPENDED:
        told.append(Told("pause", page._("Suspended"), None, tone="suspended", note=record.reason))
    if record.revoked_at is not None:
        actor = _name(sheet, grant.revoked_by) if grant is not None and grant.revoked_by else None
        text = page._("revoked it") if actor is not None else page._("Revoked")
        told.append(Told("seal-slash", text, record.revoked_at, actor, "revoked", record.reason))
    elif record.expires_at is not None:
        is_over = record.expires_at <= page.now
        text = page._("Expired") if is_over else page._("Expires")
        told.append(Told("hourglass", text, record.expires_at, todo=not is_over))
    return told


def _name(sheet: CredentialSheet, user_id: str) -> str | None:
    """Who acted; a holder reads what was done, not by whom."""
    person = sheet.people.get(user_id)
    if person is not None:
        return person.display_name
    return user_id if not sheet.is_yours else None


PAGES: Final = (
    PageRoute("GET", f"{ISSUERS}/{{id}}", PageAudience.ISSUER, show),
    PageRoute("GET", f"{OWN}/{{id}}", PageAudience.SIGNED_IN, show_own),
)
