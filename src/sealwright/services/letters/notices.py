"""What a notice says: its title, its sentences, the words of whoever caused it, and where to go from there.

The inbox shows it, the mail carries it; but mails name nobody beside their reader. `data` holds what each kind needs,
and sentences for what is not there are left out: ``credential_type`` (``type_label``), ``request_id``, ``grant_id``,
``name``, ``reason``, ``message``, ``note``, ``role``, ``state``, ``scopes``, ``days``, ``expires_at``, ``pending``,
``where``, ``at``, ``host``, ``cause``, ``webhook_id``; `work` tells the members of notices about workflows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import quote

from babel.dates import format_date, format_datetime

from sealwright.domain.notices import NoticeKind
from sealwright.locales import N_, Texts
from sealwright.services.letters.approvals import approval_asked
from sealwright.services.letters.batches import batch_finished
from sealwright.services.letters.told import Data, Told
from sealwright.services.letters.work import step_assigned, step_released, vote_closed, vote_open

_ROLE_NAMES: Final[Mapping[str, str]] = {
    "admin": N_("administrator"),
    "issuer": N_("issuer"),
    "improver": N_("improver"),
    "proposer": N_("proposer"),
    "voter": N_("voter"),
}
_PAUSES: Final[Mapping[str, str]] = {
    "failed_for_a_day": N_("For a day, nothing that was sent to it has arrived."),
    "gone": N_("It has answered that it is gone for good."),
    "owner_withdrawn": N_("Whoever it belongs to may hear nothing any more."),
}


def tell_notice(kind: NoticeKind, data: Data, texts: Texts) -> Told:
    """Put a notice into words of one language."""
    return _WRITERS[kind](data, texts)


def _label(data: Data) -> str:
    return data.get("type_label") or data.get("credential_type", "")


def _day(text: str, texts: Texts) -> str:
    return format_date(datetime.fromisoformat(text), format="long", locale=texts.locale)


def _request_received(data: Data, texts: Texts) -> Told:
    if data.get("name"):
        line = texts.gettext("%(name)s asks for %(type)s.", name=data["name"], type=_label(data))
    else:
        line = texts.gettext("Somebody asks for %(type)s.", type=_label(data))
    return Told(texts.gettext("A new credential request"), (line,), data.get("message"), _to_review(data, texts))


def _request_replied(data: Data, texts: Texts) -> Told:
    if data.get("name"):
        line = texts.gettext(
            "%(name)s has answered about the request for %(type)s.", name=data["name"], type=_label(data)
        )
    else:
        line = texts.gettext("There is an answer about a request for %(type)s.", type=_label(data))
    return Told(texts.gettext("An answer to your question"), (line,), data.get("message"), _to_review(data, texts))


def _needs_info(data: Data, texts: Texts) -> Told:
    lines = (
        texts.gettext("A reviewer has a question about your request for %(type)s.", type=_label(data)),
        texts.gettext("The request waits for your answer."),
    )
    return Told(texts.gettext("A question about your request"), lines, data.get("message"), _to_own(data, texts))


def _approved(data: Data, texts: Texts) -> Told:
    lines = (
        texts.gettext("Your request for %(type)s was approved.", type=_label(data)),
        texts.gettext("The credential is signed now; you are told when it is ready."),
    )
    return Told(texts.gettext("Your request was approved"), lines, data.get("message"), _to_own(data, texts))


def _rejected(data: Data, texts: Texts) -> Told:
    lines = (
        texts.gettext("Your request for %(type)s was rejected.", type=_label(data)),
        texts.gettext("You may ask again at any time: open the request and choose “Request again”."),
    )
    return Told(texts.gettext("Your request was rejected"), lines, data.get("message"), _to_own(data, texts))


def _reopened(data: Data, texts: Texts) -> Told:
    line = texts.gettext("Your request for %(type)s is being looked at again.", type=_label(data))
    return Told(texts.gettext("Your request was reopened"), (line,), data.get("message"), _to_own(data, texts))


def _credential_ready(data: Data, texts: Texts) -> Told:
    lines = (
        texts.gettext("Your credential for %(type)s is signed and ready.", type=_label(data)),
        texts.gettext("On its page you can show it as a QR code, open it in a wallet, or download it."),
    )
    return Told(texts.gettext("Your credential is ready"), lines, None, _to_credential(data, texts))


def _expiring(data: Data, texts: Texts) -> Told:
    days = int(data.get("days", "1"))
    first = texts.ngettext(
        "Your %(type)s ends in %(num)s day.", "Your %(type)s ends in %(num)s days.", days, type=_label(data)
    )
    lines = [first]
    if "expires_at" in data:
        lines.append(texts.gettext("Its last day is %(day)s.", day=_day(data["expires_at"], texts)))
    lines.append(texts.gettext("Ask for it again in time if you need it beyond that."))
    return Told(texts.gettext("A credential of yours ends soon"), tuple(lines), None, _to_credentials(texts))


def _suspended(data: Data, texts: Texts) -> Told:
    lines = (
        texts.gettext("Your %(type)s was suspended.", type=_label(data)),
        texts.gettext("Until it is reinstated it opens no work and does not verify. Work you hold stays yours."),
    )
    return Told(texts.gettext("A credential of yours was suspended"), lines, _why(data), _to_credentials(texts))


def _reinstated(data: Data, texts: Texts) -> Told:
    line = texts.gettext("Your %(type)s counts again.", type=_label(data))
    title = texts.gettext("A credential of yours was reinstated")
    return Told(title, (line,), _why(data), _to_credentials(texts))


def _revoked(data: Data, texts: Texts) -> Told:
    lines = (
        texts.gettext("Your %(type)s was revoked.", type=_label(data)),
        texts.gettext("It opens no work any more and does not verify. What you have finished stays finished."),
    )
    return Told(texts.gettext("A credential of yours was revoked"), lines, _why(data), _to_credentials(texts))


def _role_decided(data: Data, texts: Texts) -> Told:
    role = texts.gettext(_ROLE_NAMES.get(data.get("role", ""), data.get("role", "")))
    said = {
        "approved": N_("You have the account role %(role)s now."),
        "rejected": N_("Your request for the account role %(role)s was rejected. You may ask again."),
        "pending": N_("Your account role %(role)s is being looked at again and does not count meanwhile."),
        "ended": N_("Your account role %(role)s has ended."),
    }.get(data.get("state", ""), N_("Your account role %(role)s has changed."))
    act = (texts.gettext("Your access"), "/settings/access")
    return Told(texts.gettext("Your access has changed"), (texts.gettext(said, role=role),), data.get("note"), act)


def _issuer_decided(data: Data, texts: Texts) -> Told:
    said = {
        "approved": N_("You are an issuer now."),
        "rejected": N_("Your request to be an issuer was rejected. You may ask again."),
        "pending": N_("Your standing as issuer is being looked at again and does not count meanwhile."),
        "suspended": N_("Your standing as issuer is suspended. Grants you made stay."),
        "ended": N_("Your standing as issuer has ended. Grants you made stay."),
    }.get(data.get("state", ""), N_("Your standing as issuer has changed."))
    lines = [texts.gettext(said)]
    if data.get("state") == "approved":
        lines.append(_scope_line(data, texts))
    act = (texts.gettext("Your access"), "/settings/access")
    return Told(texts.gettext("Your issuer access was decided"), tuple(lines), data.get("note"), act)


def _scope_changed(data: Data, texts: Texts) -> Told:
    act = (texts.gettext("Issuer panel"), "/issuer")
    return Told(texts.gettext("Your issuer scope has changed"), (_scope_line(data, texts),), data.get("note"), act)


def _scope_line(data: Data, texts: Texts) -> str:
    scopes = ", ".join(part for part in data.get("scopes", "").split(",") if part)
    if not scopes:
        return texts.gettext("No credential types are assigned to you.")
    return texts.gettext("You may decide on: %(types)s.", types=scopes)


def _access_requested(data: Data, texts: Texts) -> Told:
    name, role = data.get("name") or texts.gettext("Somebody"), data.get("role", "")
    if role == "scope":
        lines = [texts.gettext("%(name)s asks for another issuer scope.", name=name)]
        if data.get("scopes"):
            lines.append(texts.gettext("Wanted: %(types)s.", types=data["scopes"].replace(",", ", ")))
        path = "/admin/desk/issuers"
    elif role == "issuer":
        lines = [texts.gettext("%(name)s asks to be an issuer.", name=name)]
        if data.get("organization"):
            lines.append(texts.gettext("Organization: %(organization)s.", organization=data["organization"]))
        path = "/admin/desk/issuer-requests"
    else:
        shown = texts.gettext(_ROLE_NAMES.get(role, role))
        lines = [texts.gettext("%(name)s asks for the account role %(role)s.", name=name, role=shown)]
        path = "/admin/desk/improvers"
    act = (texts.gettext("Open the desk"), path)
    return Told(texts.gettext("Somebody asks for access"), tuple(lines), data.get("message"), act)


def _queue_reminder(data: Data, texts: Texts) -> Told:
    pending = int(data.get("pending", "0"))
    line = texts.ngettext(
        "%(num)s request waits beyond its target.", "%(num)s requests wait beyond their target.", pending
    )
    act = (texts.gettext("Issuer panel"), "/issuer")
    return Told(texts.gettext("Requests are waiting"), (line,), None, act)


def _new_sign_in(data: Data, texts: Texts) -> Told:
    lines = []
    if "at" in data:
        at = format_datetime(datetime.fromisoformat(data["at"]), format="long", locale=texts.locale)
        lines.append(texts.gettext("Somebody signed in to your account: %(at)s.", at=at))
    else:
        lines.append(texts.gettext("Somebody signed in to your account."))
    if data.get("where"):
        lines.append(texts.gettext("With: %(where)s.", where=data["where"]))
    lines.append(texts.gettext("If it was not you, end that session and change how you sign in."))
    act = (texts.gettext("Your sessions"), "/settings/sign-in")
    return Told(texts.gettext("A new sign-in"), tuple(lines), None, act)


def _key_expiring(data: Data, texts: Texts) -> Told:
    line = texts.gettext("The signing key of %(did)s is getting old; make a new one.", did=data.get("did", ""))
    return Told(texts.gettext("A signing key is getting old"), (line,), None, (texts.gettext("DIDs"), "/admin"))


def _webhook_paused(data: Data, texts: Texts) -> Told:
    lines = [texts.gettext("The webhook endpoint at %(host)s gets no messages any more.", host=data.get("host", ""))]
    why = _PAUSES.get(data.get("cause", ""))
    if why is not None:
        lines.append(texts.gettext(why))
    if data.get("cause") != "owner_withdrawn":
        lines.append(texts.gettext("Open it again within seven days, and it hears of what happened meanwhile."))
    path = f"/admin/desk/webhooks/{data['webhook_id']}" if "webhook_id" in data else None
    act = (texts.gettext("Open the endpoint"), path) if path is not None else None
    return Told(texts.gettext("A webhook endpoint has paused"), tuple(lines), None, act)


def _why(data: Data) -> str | None:
    return data.get("reason") or data.get("message")


def _to_review(data: Data, texts: Texts) -> tuple[str, str]:
    return texts.gettext("Open the request"), f"/issuer/requests/{data.get('request_id', '')}"


def _to_own(data: Data, texts: Texts) -> tuple[str, str]:
    return texts.gettext("Open your request"), f"/improver/requests/{data.get('request_id', '')}"


def _to_credential(data: Data, texts: Texts) -> tuple[str, str]:
    credential_id = data.get("credential_id")
    if credential_id is None:
        return _to_credentials(texts)
    return texts.gettext("Open the credential"), f"/improver/credentials/{quote(credential_id, safe=':')}"


def _to_credentials(texts: Texts) -> tuple[str, str]:
    return texts.gettext("Your credentials"), "/improver/credentials"


_WRITERS: Final[Mapping[NoticeKind, Callable[[Data, Texts], Told]]] = {
    NoticeKind.REQUEST_RECEIVED: _request_received,
    NoticeKind.REQUEST_REPLIED: _request_replied,
    NoticeKind.NEEDS_INFO: _needs_info,
    NoticeKind.APPROVED: _approved,
    NoticeKind.REJECTED: _rejected,
    NoticeKind.REOPENED: _reopened,
    NoticeKind.CREDENTIAL_READY: _credential_ready,
    NoticeKind.EXPIRING: _expiring,
    NoticeKind.SUSPENDED: _suspended,
    NoticeKind.REINSTATED: _reinstated,
    NoticeKind.REVOKED: _revoked,
    NoticeKind.ROLE_DECIDED: _role_decided,
    NoticeKind.ISSUER_DECIDED: _issuer_decided,
    NoticeKind.SCOPE_CHANGED: _scope_changed,
    NoticeKind.ACCESS_REQUESTED: _access_requested,
    NoticeKind.QUEUE_REMINDER: _queue_reminder,
    NoticeKind.NEW_SIGN_IN: _new_sign_in,
    NoticeKind.KEY_EXPIRING: _key_expiring,
    NoticeKind.VOTE_OPEN: vote_open,
    NoticeKind.VOTE_CLOSED: vote_closed,
    NoticeKind.STEP_ASSIGNED: step_assigned,
    NoticeKind.STEP_RELEASED: step_released,
    NoticeKind.WEBHOOK_PAUSED: _webhook_paused,
    NoticeKind.BATCH_FINISHED: batch_finished,
    NoticeKind.APPROVAL_ASKED: approval_asked,
}
