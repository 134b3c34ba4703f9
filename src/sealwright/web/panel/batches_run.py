"""One batch (S9): how far it is, what became of each row, its log; and what moves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.batches import Batch, BatchKind, BatchStatus, RowFault
from sealwright.domain.credentials import CredentialStatus
from sealwright.locales import N_
from sealwright.services.batch_results import FAILED, ISSUED, REVOKED, RowResult
from sealwright.vc.encoding.strict_json import parse_json
from sealwright.web.panel.admin_audit_words import EVENT_WORDS
from sealwright.web.panel.batches_words import (
    BATCHES,
    STEPS,
    batch_name,
    fault_lines,
    heading,
    pace_of,
    paused_words,
    person_name,
    source_line,
)
from sealwright.web.panel.moments import clock_text, machine_text, number_text
from sealwright.web.panel.own_forms import save
from sealwright.web.panel.page_call import Toast
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.paging import Paging, wanted_page
from sealwright.web.panel.shell import running_words
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.domain.audit import AuditRecord
    from sealwright.services.batch_views import BatchView
    from sealwright.web.panel.page_call import PageCall

_ONE: Final = f"{BATCHES}/{{id}}"
_TEMPLATE: Final = "batches/run.html"
LIST: Final = Form(
    Field("result", Kind.CHOICE, choices=(ISSUED, REVOKED, FAILED)),
    Field("page", Kind.NUMBER),
    Field("count", Kind.NUMBER),
)
_LOG_LINES: Final = 12
# A page that is open so soon after the end still looks for the transaction hash.
_HASH_COMES_WITHIN: Final = timedelta(minutes=1)
_LOG_WORDS: Final = {
    "batch.created": N_("Made"),
    "batch.started": N_("Started with %(total)s rows"),
    "batch.paused": N_("Paused"),
    "batch.resumed": N_("Resumed"),
    "batch.canceled": N_("The rest canceled"),
    "batch.completed": N_("All rows done"),
    "batch.anchored": N_("Written to the log"),
}
_CHUNK_DONE: Final = {
    "credential.issued": N_("%(done)s rows done, %(failed)s failed"),
    "credential.revoked": N_("%(done)s rows done, %(failed)s failed"),
}
# Whether an offer was made; what became of it stands on the credential's page.
_DELIVERY_BADGES: Final[Mapping[str, tuple[str, ...]]] = {"made": ("offered",), "failed": ("row_undelivered",)}
_SETTLED: Final = frozenset({BatchStatus.DONE, BatchStatus.ANCHORED, BatchStatus.CANCELED})


@dataclass(frozen=True, slots=True)
class May:
    """What can be done with a batch as it stands; whether somebody may is asked again by the service."""

    pause: bool = False
    resume: bool = False
    cancel: bool = False
    retry: bool = False
    revoke: bool = False


@dataclass(frozen=True, slots=True)
class ResultLine:
    """One row of the results; `number` counts from 1."""

    number: int
    person: str | None
    holder_did: str | None
    badges: tuple[str, ...]
    faults: Sequence[str] = ()
    href: str | None = None
    edit: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """A number and what it counts."""

    label: str
    value: str
    href: str | None = None
    late: bool = False


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of the log."""

    at: str
    machine: str
    text: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of checking a transaction hash."""

    icon: str
    text: str
    more: tuple[str, ...] = field(default=())


def show(page: PageCall, status: int = 200, checked: Checked | None = None) -> Reply:
    """GET /batches/{id}; a draft is shown where it was left."""
    view = page.office.bulk.desk.look(page.caller, page.params["id"], page.view())
    batch = view.batch
    if batch.status is BatchStatus.DRAFT and batch.options.selection is None:
        drafts = page.office.bulk.drafts
        return page.redirect(
            f"{BATCHES}/{batch.batch_id}/{drafts.step(drafts.get(page.caller, batch.batch_id, page.view()))}"
        )
    return page.render(
        _TEMPLATE, status=status, partial="region", **_values(page, view), **_results(page, batch), checked=checked
    )


def news(page: PageCall) -> Reply:
    """GET /batches/{id}/news: what an open page asks for by itself; whoever opens it alone is shown the batch."""
    view = page.office.bulk.desk.look(page.caller, page.params["id"], page.view())
    if not page.is_partial:
        return page.redirect(f"{BATCHES}/{view.batch.batch_id}")
    return page.render(_TEMPLATE, partial="news", **_values(page, view), running=running_words(page))


def _values(page: PageCall, view: BatchView) -> dict[str, Any]:
    batch = view.batch
    is_issue = batch.kind is BatchKind.ISSUE
    path = f"{BATCHES}/{batch.batch_id}"
    return {
        "batch": batch,
        "path": path,
        "name": batch_name(page, batch),
        "line": source_line(page, batch),
        "state": batch.status.value,
        "heading": heading(page, batch),
        "paused": paused_words(page, batch),
        "pace": pace_of(page, batch, view.per_second, view.eta_seconds),
        "steps": [page._(word) for word in STEPS],
        "is_issue": is_issue,
        "is_over": batch.status in _SETTLED,
        "is_settled": _is_settled(page, batch),
        "can": _may(page, batch),
        "counts": _counts(page, batch, path),
        "log": [_log_line(page, one) for one in page.office.bulk.pages.log(batch, _LOG_LINES)],
        "form": page.form,
        "no_hash": _no_hash(page, batch),
        "effect": page._("What is revoked stays revoked; the published lists say so within a second."),
    }


def _is_settled(page: PageCall, batch: Batch) -> bool:
    """Tell whether nothing is going to change by itself: also the hash is there, or will not be."""
    if batch.status not in _SETTLED:
        return False
    waits = batch.issued > 0 and batch.transaction_hash is None and batch.finished_at is not None
    return not waits or page.now - (batch.finished_at or page.now) > _HASH_COMES_WITHIN


def _may(page: PageCall, batch: Batch) -> May:
    is_worked_on = batch.status in {BatchStatus.ACCEPTED, BatchStatus.RUNNING}
    is_issue = batch.kind is BatchKind.ISSUE
    is_over = batch.status in _SETTLED
    return May(
        pause=is_worked_on,
        resume=batch.status is BatchStatus.PAUSED,
        cancel=is_worked_on or batch.status is BatchStatus.PAUSED,
        retry=is_over and is_issue and batch.failed > 0 and batch.options.selection is None,
        revoke=(
            is_over
            and is_issue
            and batch.issued > 0
            and batch.options.revocable
            and page.office.bulk.mass.may_act(page.caller, batch.issuer_did, page.view())
        ),
    )


def _counts(page: PageCall, batch: Batch, path: str) -> list[Count]:
    texts = page.texts
    done = REVOKED if batch.kind is BatchKind.REVOKE else ISSUED
    counts = [
        Count(
            page._("Revoked") if batch.kind is BatchKind.REVOKE else page._("Issued"),
            number_text(batch.issued, texts),
            f"{path}?result={done}#results",
        ),
        Count(
            page._("Failed"), number_text(batch.failed, texts), f"{path}?result={FAILED}#results", late=batch.failed > 0
        ),
        Count(page._("Remaining"), number_text(batch.remaining, texts)),
    ]
    if batch.kind is BatchKind.ISSUE:
        counts.append(Count(page._("Deliveries begun"), number_text(batch.delivered, texts)))
    return counts


def _no_hash(page: PageCall, batch: Batch) -> str:
    if batch.status not in _SETTLED:
        return page._("It is there once every row is done.")
    if batch.issued == 0:
        return page._("No credential was issued, so there is nothing to stand for.")
    return page._("It is being written, or this office writes none.")


# -- results ---------------------------------------------------------------------------------------


def _results(page: PageCall, batch: Batch) -> dict[str, Any]:
    number, size = wanted_page(page)
    chosen = page.query.choice("result", "") or None
    found = page.office.bulk.pages.results(batch, chosen, page=number, count=size)
    kept = page.office.bulk.pages.kept(batch, [one.row for one in found.items if one.status == FAILED])
    is_issue = batch.kind is BatchKind.ISSUE
    done = ISSUED if is_issue else REVOKED
    tabs = [
        (page._("All"), page.href(result=None, page=None), batch.issued + batch.failed, chosen is None),
        (
            page._("Issued") if is_issue else page._("Revoked"),
            page.href(result=done, page=None),
            batch.issued,
            chosen == done,
        ),
        (page._("Failed"), page.href(result=FAILED, page=None), batch.failed, chosen == FAILED),
    ]
    columns = [
        {"label": page._("Row")},
        {"label": page._("Person")},
        {"label": page._("Holder DID")},
        {"label": page._("Result")},
        {"label": page._("Act"), "hidden": True},
    ]
    return {
        "lines": [_line(page, batch, one, kept.get(one.row, {})) for one in found.items],
        "paging": Paging.of(page, found),
        "tabs": tabs,
        "columns": columns,
        "empty": _empty(page, batch, chosen),
    }


def _empty(page: PageCall, batch: Batch, chosen: str | None) -> str:
    if batch.issued + batch.failed == 0:
        return page._("The first rows are on their way.")
    return page._("No row has failed.") if chosen == FAILED else page._("No row is here.")


def _line(page: PageCall, batch: Batch, one: RowResult, members: Mapping[str, Any]) -> ResultLine:
    record = one.record
    claims = members.get("claims")
    if record is not None and record.document is not None:
        claims = page.office.bulk.pages.claims_of(record)
    holder = one.holder_did or (record.holder_did if record is not None else None)
    is_failed = one.status == FAILED
    badges = ("row_failed",) if is_failed else (_record_badge(page, one), *_DELIVERY_BADGES.get(one.delivery or "", ()))
    is_kept = is_failed and bool(members) and batch.kind is BatchKind.ISSUE and batch.options.selection is None
    return ResultLine(
        number=one.row + 1,
        person=person_name(page, holder, claims if isinstance(claims, dict) else {}),
        holder_did=holder,
        badges=badges,
        faults=_fault_lines(page, one.fault) if is_failed else (),
        href=f"/issuer/credentials/{record.credential_id}" if record is not None else None,
        edit=f"{BATCHES}/{batch.batch_id}/rows/{one.row}" if is_kept and batch.status in _SETTLED else None,
    )


def _record_badge(page: PageCall, one: RowResult) -> str:
    """A credential as it stands now: what was issued may be revoked since."""
    if one.record is None:
        return "issued" if one.status == ISSUED else "revoked"
    status = one.record.status_at(page.now)
    return "issued" if status is CredentialStatus.VALID else status.value


def _fault_lines(page: PageCall, fault: RowFault | None) -> Sequence[str]:
    return fault_lines(page, fault) if fault is not None else ()


def _log_line(page: PageCall, record: AuditRecord) -> LogLine:
    data = _data_of(record)
    texts = page.texts
    if (word := _CHUNK_DONE.get(record.action)) is not None:
        issued, failed = int(data.get("issued") or data.get("revoked") or 0), int(data.get("failed") or 0)
        text = page._(word, done=number_text(issued + failed, texts), failed=number_text(failed, texts))
    else:
        total = number_text(int(data.get("total") or 0), texts)
        word = _LOG_WORDS.get(record.action) or EVENT_WORDS.get(record.action, record.action)
        text = page._(word, total=total)
    at = f"{clock_text(record.at, texts, page.zone)}:{record.at:%S}"
    return LogLine(at, machine_text(record.at), text)


def _data_of(record: AuditRecord) -> Mapping[str, Any]:
    body = parse_json(record.body)
    data = body.get("data") if isinstance(body, dict) else None
    return data if isinstance(data, dict) else {}


# -- acts ------------------------------------------------------------------------------------------


def _moves(name: str, said: str) -> Any:
    def post(page: PageCall) -> Reply:
        batch_id = page.params["id"]

        def run() -> tuple[str, Toast | None]:
            page.act(lambda uow, me: getattr(page.office.bulk.desk, name)(uow, me, batch_id))
            return f"{BATCHES}/{batch_id}", Toast(page._(said))

        return save(page, lambda status: show(page, status), run)

    return post


pause: Final = _moves("pause", N_("The batch rests. Rows that were begun are finished first."))
resume: Final = _moves("resume", N_("The batch goes on."))
cancel: Final = _moves("cancel", N_("The rest is canceled. What was issued stays issued."))


def retry(page: PageCall) -> Reply:
    """POST /batches/{id}/retry: the failed rows as they are, in a batch of their own."""

    def run() -> tuple[str, Toast | None]:
        batch = page.act(lambda uow, me: page.office.bulk.desk.retry_failed(uow, me, page.params["id"]))
        return f"{BATCHES}/{batch.batch_id}", Toast(page._("The failed rows are tried again, in a batch of their own."))

    return save(page, lambda status: show(page, status), run)


_I: Final = PageAudience.ISSUER
PAGES: Final = (
    PageRoute("GET", _ONE, _I, show, query=LIST),
    PageRoute("GET", f"{_ONE}/news", _I, news, quiet=True),
    PageRoute("POST", f"{_ONE}/pause", _I, pause),
    PageRoute("POST", f"{_ONE}/resume", _I, resume),
    PageRoute("POST", f"{_ONE}/cancel", _I, cancel),
    PageRoute("POST", f"{_ONE}/retry", _I, retry),
)
