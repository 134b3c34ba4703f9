"""The office as a whole for admins (S11): the audit trail, the outbox, how things stand, halting and resuming."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.audit import EVENT_KINDS, AuditFilter
from sealwright.domain.audit_check import Finding
from sealwright.domain.errors import MailNotSent
from sealwright.locales import N_
from sealwright.vc.encoding.strict_json import parse_json
from sealwright.web.panel.admin_audit_words import ACTOR_WORDS, EVENT_WORDS, PART_WORDS, verdict_words
from sealwright.web.panel.own_forms import form_of, save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.paging import Paging, wanted_page
from sealwright.web.panel.settings_tokens import open_schemas, own_issuer_dids
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.domain.audit import AuditRecord
    from sealwright.web.panel.page_call import PageCall

AUDIT: Final = "/admin/desk/audit"
OUTBOX: Final = "/admin/desk/outbox"
SYSTEM: Final = "/admin/desk/system"
_ROWS: Final = 50
AUDIT_QUERY: Final = Form(
    Field("actor", max_length=200),
    Field("action", max_length=60),
    Field("object", max_length=300),
    Field("from", Kind.DATE),
    Field("to", Kind.DATE),
    Field("cursor", max_length=500),
)
HALT_FORM: Final = Form(
    Field("reason", required=True, max_length=500),
    Field("issuer_did", max_length=1000),
    Field("schema_id", max_length=1000),
)
MAIL_FORM: Final = Form(Field("to", max_length=254))
NOT_SENT: Final = N_(
    "The mail server did not take the letter. Its settings are SEALWRIGHT_SMTP_URL and SEALWRIGHT_MAIL_FROM."
)


# -- audit -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AuditLine:
    """An audit row as admins read it; the values in `detail` stay as the record spells them."""

    sequence: int
    at: datetime
    act: str
    action: str
    actor_kind: str
    actor: str
    object_type: str
    object_id: str
    detail: tuple[tuple[str, str], ...]


def show_audit(page: PageCall, verdict: Any = None) -> Reply:
    """GET /admin/desk/audit."""
    query = page.query
    action = query.text("action")
    since, until = query.date("from"), query.date("to")
    wanted = AuditFilter(
        actor=query.optional("actor"),
        actions=frozenset({action}) if action in EVENT_KINDS else None,
        object_id=query.optional("object"),
        since=datetime.combine(since, time(), UTC) if since is not None else None,
        until=datetime.combine(until, time(), UTC) + timedelta(days=1) if until is not None else None,
    )
    found = page.office.auditing.list(page.caller, wanted, limit=_ROWS, cursor=query.optional("cursor"))
    return page.render(
        "admin/audit.html",
        partial="results",
        rows=[_audit_line(page, row) for row in found.items],
        actions=[("", page._("Every act")), *((kind, page._(EVENT_WORDS[kind])) for kind in sorted(EVENT_KINDS))],
        action=action,
        next_href=page.href(cursor=found.next_cursor) if found.next_cursor else None,
        first_href=page.href(cursor=None) if query.text("cursor") else None,
        clear=AUDIT if query.pairs() else None,
        verdict=verdict_words(page.texts, verdict) if verdict is not None else None,
        is_sound=verdict is not None and verdict.finding is Finding.SOUND,
    )


def _audit_line(page: PageCall, row: AuditRecord) -> AuditLine:
    body = parse_json(row.body)
    members: dict[str, Any] = body if isinstance(body, dict) else {}
    actor, about = members.get("actor") or {}, members.get("object") or {}
    detail = [(name, members[name]) for name in PART_WORDS if members.get(name)]
    return AuditLine(
        row.sequence,
        row.at,
        page._(EVENT_WORDS[row.action]) if row.action in EVENT_WORDS else row.action,
        row.action,
        page._(ACTOR_WORDS[kind]) if (kind := str(actor.get("type", ""))) in ACTOR_WORDS else kind,
        str(actor.get("id", "")),
        str(about.get("type", "")),
        str(about.get("id", "")),
        tuple((page._(PART_WORDS[name]), _spelled(value)) for name, value in detail),
    )


def _spelled(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_spelled(one)}" for name, one in value.items())
    if isinstance(value, list):
        return " ".join(_spelled(one) for one in value)
    return "–" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def check_audit(page: PageCall) -> Reply:
    """POST /admin/desk/audit/check: rebuild every hash from the rows."""
    return show_audit(page, page.office.auditing.verify(page.caller))


def export_audit(page: PageCall) -> Reply:
    """POST /admin/desk/audit/export: the rows and their signed checkpoints, as lines of JSON."""
    stream = page.office.auditing.export(page.caller)
    disposition = (b"content-disposition", b'attachment; filename="audit.ndjson"')
    return Reply(200, b"", b"application/x-ndjson", (disposition,), stream)


# -- outbox ----------------------------------------------------------------------------------------


def show_outbox(page: PageCall) -> Reply:
    """GET /admin/desk/outbox."""
    number, count = wanted_page(page)
    found = page.office.mailing.outbox(page.caller, page=number, count=count)
    return page.render(
        "admin/outbox.html", rows=found.items, paging=Paging.of(page, found), is_local=page.office.mailing.is_local
    )


# -- system ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at: ``ok``, ``warning`` or ``failed``, and what mends it."""

    name: str
    outcome: str
    detail: str
    fix: str | None = None


def show_system(page: PageCall, status: int = 200) -> Reply:
    """GET /admin/desk/system."""
    office = page.office
    return page.render(
        "admin/system.html",
        status=status,
        lines=_lines(page),
        depth=office.issuing.line.depth,
        halts=office.halting.status().halts,
        halt_form=form_of(page, HALT_FORM),
        mail_form=form_of(page, MAIL_FORM),
        email=page.person.email,
        dids=[("", page._("Every issuer")), *own_issuer_dids(page)],
        schemas=[("", page._("Every schema")), *open_schemas(page)],
        public_url=office.public_url,
    )


def _lines(page: PageCall) -> list[Line]:
    health = page.office.health()
    said = {
        "database": (page._("Database"), page._("It answers."), page._("It does not answer.")),
        "migrations": (page._("Tables"), page._("They are of this version."), page._("Run: sealwright migrate")),
        "keys": (
            page._("Keys"),
            page._("Stored keys open."),
            page._("The office is sealed: give its key-encryption key back."),
        ),
        "audit": (
            page._("Audit"),
            page._("It agrees with the exported checkpoint."),
            page._("The exported checkpoint is ahead: restore the newest backup."),
        ),
        "queue": (
            page._("Work waiting"),
            page._("It is done as it comes."),
            page._("It is not done: see whether a worker runs, and what holds signing up."),
        ),
    }
    lines = [
        Line(name, "ok" if health.get(key) else "failed", good if health.get(key) else bad)
        for key, (name, good, bad) in said.items()
    ]
    lines.append(_mail_line(page))
    lines.append(_address_line(page))
    return lines


def _mail_line(page: PageCall) -> Line:
    if page.office.mailing.is_local:
        detail = page._("No server is set: letters stay in the folder “outbox” beside the data.")
        return Line(page._("Mail"), "warning", detail, "SEALWRIGHT_SMTP_URL, SEALWRIGHT_MAIL_FROM")
    return Line(page._("Mail"), "ok", page._("Letters go to a mail server."))


def _address_line(page: PageCall) -> Line:
    url = page.office.public_url
    if url.startswith("http://"):
        detail = page._("Links begin with %(url)s, which others cannot reach.", url=url)
        return Line(page._("Public URL"), "warning", detail, "SEALWRIGHT_PUBLIC_URL")
    return Line(page._("Public URL"), "ok", page._("Links begin with %(url)s.", url=url))


def halt(page: PageCall) -> Reply:
    """POST /admin/desk/system/halt."""
    form = page.form

    def act() -> tuple[str, Toast | None]:
        page.act(
            lambda uow, me: page.office.halting.halt(
                uow, me, form.text("reason"), form.optional("issuer_did"), form.optional("schema_id")
            ),
            changes_registry=True,
        )
        return SYSTEM, Toast(page._("Issuing is halted."))

    return save(page, lambda status: show_system(page, status), act)


def resume(page: PageCall) -> Reply:
    """POST /admin/desk/system/resume."""
    page.act(page.office.halting.resume, changes_registry=True)
    return page.done(SYSTEM, Toast(page._("Issuing goes on.")))


def test_mail(page: PageCall) -> Reply:
    """POST /admin/desk/system/mail."""

    def act() -> tuple[str, Toast | None]:
        mail = page.office.mailing.send_test(page.caller, page.form.optional("to"))
        return SYSTEM, Toast(page._("A test mail to %(email)s has left.", email=mail.to))

    try:
        return save(page, lambda status: show_system(page, status), act)
    except MailNotSent:
        page.form.fail("to", NOT_SENT)
        return show_system(page, 422)


_A: Final = PageAudience.ADMIN
_LIST: Final = Form(Field("page", Kind.NUMBER), Field("count", Kind.NUMBER))

PAGES: Final = (
    PageRoute("GET", AUDIT, _A, show_audit, query=AUDIT_QUERY),
    PageRoute("POST", f"{AUDIT}/check", _A, check_audit),
    PageRoute("POST", f"{AUDIT}/export", _A, export_audit),
    PageRoute("GET", OUTBOX, _A, show_outbox, query=_LIST),
    PageRoute("GET", SYSTEM, _A, show_system),
    PageRoute("POST", f"{SYSTEM}/halt", _A, halt, form=HALT_FORM, fresh=True),
    PageRoute("POST", f"{SYSTEM}/resume", _A, resume, fresh=True),
    PageRoute("POST", f"{SYSTEM}/mail", _A, test_mail, form=MAIL_FORM),
)
