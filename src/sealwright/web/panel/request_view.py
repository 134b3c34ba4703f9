"""Everything that a request's own page shows, made out of what the review desk gives (S5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.requests import HistoryEntry, Issuance, RequestState
from sealwright.locales import N_
from sealwright.services.claim_words import spelled_claims
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.web.panel.claims_form import ClaimField, claim_fields
from sealwright.web.panel.queue_rows import badges_of, markers_of

if TYPE_CHECKING:
    from sealwright.domain.grants import Grant
    from sealwright.services.review_values import RequestDetail
    from sealwright.web.panel.page_call import PageCall


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of a history, as the piece shows it."""

    icon: str
    text: str
    at: datetime | None
    actor: str | None = None
    tone: str | None = None
    note: str | None = None
    lang: str | None = None
    todo: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """A grant of the person, for the list of what they hold or held."""

    label: str
    status: str
    expires_at: datetime | None
    revoked_at: datetime | None


_ICONS: Final[Mapping[str, tuple[str, str | None]]] = {
    "requested": ("inbox", "pending"),
    "asked": ("question", "info"),
    "replied": ("note", None),
    "assigned": ("user", None),
    "endorsed": ("people", "approved"),
    "undone": ("undo", None),
    "withdrawn": ("dash", None),
}
_STATE_ICONS: Final[Mapping[RequestState, tuple[str, str | None]]] = {
    RequestState.APPROVED: ("check", "approved"),
    RequestState.REJECTED: ("cross", "rejected"),
    RequestState.PENDING: ("undo", "pending"),
}


def name_of(detail: RequestDetail, user_id: str | None, page: PageCall) -> str | None:
    """Somebody's name; an id where it is a key's or the terminal's."""
    if user_id is None:
        return None
    if user_id == detail.view.requester.user_id:
        return detail.view.requester.display_name
    person = detail.people.get(user_id)
    return person.display_name if person is not None else page._("an API key or the terminal (%(id)s)", id=user_id)


def history_of(page: PageCall, detail: RequestDetail, label: str) -> list[Told]:
    """What happened to a request and to what it led to, oldest first."""
    told = [_told(page, detail, one, label) for one in detail.history]
    grant = detail.view.grant
    if grant is not None:
        told += _told_of_grant(page, detail, grant)
    return told


def _told(page: PageCall, detail: RequestDetail, one: HistoryEntry, label: str) -> Told:
    icon, tone = _ICONS[one.cause] if one.cause in _ICONS else _STATE_ICONS.get(one.to_state, ("edit", None))
    own = one.actor == detail.view.requester.user_id
    lang = detail.view.requester.locale if own else None
    words = "\n".join(part for part in (one.message, one.note) if part)
    if one.checklist:
        ticked = page._("Ticked: %(items)s", items="; ".join(one.checklist))
        words = f"{words}\n{ticked}" if words else ticked
    return Told(icon, _event(page, one, label), one.at, name_of(detail, one.actor, page), tone, words or None, lang)


_CAUSES: Final[Mapping[str, str]] = {
    "asked": N_("asked for information"),
    "replied": N_("replied"),
    "assigned": N_("changed who takes care of it"),
    "endorsed": N_("approved as the first of two"),
    "undone": N_("took the decision back"),
    "withdrawn": N_("withdrew the request"),
}
_MOVES: Final = {
    RequestState.APPROVED: N_("approved the request"),
    RequestState.REJECTED: N_("rejected the request"),
    RequestState.PENDING: N_("put the request back into the queue"),
    RequestState.WITHDRAWN: N_("withdrew the request"),
}


def _event(page: PageCall, one: HistoryEntry, label: str) -> str:
    if one.cause == "requested":
        return page._("asked for %(type)s", type=label)
    return page._(_CAUSES.get(one.cause) or _MOVES[one.to_state])


def _told_of_grant(page: PageCall, detail: RequestDetail, grant: Grant) -> list[Told]:
    """What became of the grant; it stands beside the request's own history."""
    told = []
    if grant.issuance is Issuance.ISSUED:
        told.append(Told("seal", page._("The credential was signed."), None, tone="issued"))
    elif grant.issuance is Issuance.FAILED:
        told.append(
            Told(
                "late",
                page._("Signing failed (%(code)s). The decision stands.", code=grant.issuance_error or ""),
                None,
                tone="rejected",
            )
        )
    elif grant.revoked_at is None:
        told.append(Told("clock", page._("Signing waits."), grant.sign_after, todo=True))
    if grant.revoked_at is not None:
        actor = name_of(detail, grant.revoked_by, page)
        told.append(Told("seal-slash", page._("revoked the grant"), grant.revoked_at, actor, "revoked", grant.reason))
    return told


def detail_values(page: PageCall, detail: RequestDetail, labels: Mapping[str, str]) -> dict[str, Any]:
    """The values of the template that do not depend on what is being typed."""
    view = detail.view
    request, grant = view.request, view.grant
    label = labels.get(request.credential_type, request.credential_type)
    return {
        "detail": detail,
        "request": request,
        "person": view.requester,
        "grant": grant,
        "type": detail.type,
        "label": label,
        "badges": badges_of(view, page.now),
        "markers": markers_of(page, view),
        "is_yours": view.is_yours,
        "history": history_of(page, detail, label),
        "held": [
            Held(
                labels.get(one.credential_type, one.credential_type),
                one.status_at(page.now).value,
                one.expires_at,
                one.revoked_at,
            )
            for one in detail.grants
        ],
        "earlier": [(one, labels.get(one.credential_type, one.credential_type)) for one in detail.earlier],
        "claim_words": list(spelled_claims(request.claims)) if request.claims else [],
        "seconds_left": seconds_left(view.undo_until, page.now),
        "waits_for_signing": grant is not None
        and grant.issuance is Issuance.PENDING
        and grant.revoked_at is None
        and request.state is RequestState.APPROVED,
        "given_up": grant is not None and grant.is_given_up and grant.revoked_at is None,
        "signing_failed": grant is not None and grant.issuance is Issuance.FAILED and grant.revoked_at is None,
        "resolver": name_of(detail, request.resolved_by, page),
        "assignee": name_of(detail, request.assignee_user_id, page),
    }


def seconds_left(until: datetime | None, now: datetime) -> int:
    """How long a decision can still be taken back."""
    return 0 if until is None else max(0, int((until - now).total_seconds()))


def schema_of(page: PageCall, schema_id: str | None) -> Mapping[str, Any]:
    """The credential schema of a type; empty where there is none."""
    record = page.view().schema(schema_id) if schema_id is not None else None
    if record is None:
        return {}
    content = parse_json(record.content)
    return content if isinstance(content, dict) else {}


def claims_to_ask(page: PageCall, detail: RequestDetail) -> tuple[ClaimField, ...]:
    """The fields for the claims that the credential will carry, filled with what is known."""
    if detail.type is None:
        return ()
    claims: Mapping[str, JSONValue] | None = detail.view.request.claims
    return tuple(one for one in claim_fields(schema_of(page, detail.type.schema_id), claims) if one.is_asked)
