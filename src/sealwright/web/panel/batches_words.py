"""Batches in words: what is issued, where it stands, how far it is and how long it still takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sealwright.domain.batches import Batch, BatchKind, BatchStatus, PausedBy, RowFault
from sealwright.domain.people import ActorKind
from sealwright.locales import N_
from sealwright.locales.catalogs import SOURCE_LANGUAGE
from sealwright.services.claim_words import member_words
from sealwright.web.panel.moments import clock_text, day_text, number_text
from sealwright.web.problems import CATALOG

if TYPE_CHECKING:
    from sealwright.domain.schemas import SchemaRecord
    from sealwright.web.panel.page_call import PageCall

BATCHES: Final = "/batches"
STEPS: Final = (N_("Type"), N_("Upload"), N_("Columns"), N_("Check"), N_("Delivery"), N_("Run"))
TYPE_STEP, UPLOAD_STEP, COLUMNS_STEP, CHECK_STEP, DELIVERY_STEP, RUN_STEP = range(6)
STATUS_WORDS: Final = {
    BatchStatus.DRAFT: N_("Drafts"),
    BatchStatus.ACCEPTED: N_("About to begin"),
    BatchStatus.RUNNING: N_("Running"),
    BatchStatus.PAUSED: N_("Paused"),
    BatchStatus.DONE: N_("Done"),
    BatchStatus.ANCHORED: N_("Done and anchored"),
    BatchStatus.CANCELED: N_("Canceled"),
}
# Encodings by the names that people know; they are the same in every language.
ENCODING_NAMES: Final = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8 (BOM)",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "windows-1252": "Windows-1252",
}
_PAUSED_WORDS: Final = {
    PausedBy.CALLER: N_("Somebody paused it. Nothing is lost; resume it when you like."),
    PausedBy.HALT: N_("Issuing is halted. The batch goes on by itself once it is resumed."),
    PausedBy.AUTHORITY: N_("Whoever started it may not issue this any more. Somebody who may can resume it."),
}
# Under which names claims hold a person's.
_NAMES: Final = ("name", "fullName", "residentName", "agentName")
_NAME_PARTS: Final = ("givenName", "familyName")
_ABOUT: Final = ("recipient", "person", "student")
_CELLS_SHOWN: Final = 3
# Names of schemas so short are abbreviations.
_ABBREVIATION: Final = 3
_MINUTE: Final = 60
_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Pace:
    """How a batch gets on.

    Args:
        percent: Whole, of its rows.
        text: ``64 % done, 52 rows a second, about 1 min 10 s left``.
    """

    done: int
    total: int
    percent: int
    text: str


def badge_name(batch: Batch) -> str:
    """Which badge a batch wears."""
    return f"batch_{batch.status.value}"


def aim_words(page: PageCall, batch: Batch) -> str:
    """What is issued: the credential type's label, else the schema's title."""
    view = page.view()
    if batch.credential_type is not None:
        kind = view.credential_type(batch.credential_type)
        if kind is not None:
            return kind.label_in(page.texts.language)
    schema = view.schema(batch.schema_id) if batch.schema_id is not None else None
    return schema_words(schema) if schema is not None else page._("Credentials of every kind")


def schema_words(schema: SchemaRecord) -> str:
    """A credential schema by its name, as people read it: ``University degree 1.0``, ``KYC 1.0``."""
    name = schema.name.replace("-", " ")
    return f"{name.upper() if len(name) <= _ABBREVIATION else member_words(name)} {schema.version}"


def batch_name(page: PageCall, batch: Batch) -> str:
    """What it is called: its own name, else what is issued and when it was made."""
    # Over the API a name may be all spaces, which nobody could click on.
    if batch.name and batch.name.strip():
        return batch.name
    day = day_text(batch.created_at, page.texts, page.zone)
    return page._("%(what)s, %(day)s", what=aim_words(page, batch), day=day)


def starter_name(page: PageCall, batch: Batch) -> str:
    """Who started it; keys and the operator by what they are."""
    if batch.starter.kind is ActorKind.USER:
        person = page.view().person(batch.starter.id)
        return person.display_name if person is not None else page._("somebody")
    return page._("an API key") if batch.starter.kind is ActorKind.API_KEY else page._("the operator")


def source_line(page: PageCall, batch: Batch) -> str:
    """The line under the title: what, from which file, by whom and when."""
    what, who = aim_words(page, batch), starter_name(page, batch)
    moment = batch.started_at or batch.created_at
    at = clock_text(moment, page.texts, page.zone)
    if moment.astimezone(page.zone).date() != page.now.astimezone(page.zone).date():
        at = f"{day_text(moment, page.texts, page.zone)}, {at}"
    source, encoding = batch.options.source, ENCODING_NAMES.get(batch.options.encoding or "")
    named = f"{source} ({encoding})" if source and encoding else source
    if batch.started_at is None:
        return page._("%(what)s, made by %(who)s at %(at)s", what=what, who=who, at=at)
    if named:
        return page._("%(what)s, from %(file)s, started by %(who)s at %(at)s", what=what, file=named, who=who, at=at)
    return page._("%(what)s, started by %(who)s at %(at)s", what=what, who=who, at=at)


def paused_words(page: PageCall, batch: Batch) -> str | None:
    """Why it rests; None while it does not."""
    if batch.status is not BatchStatus.PAUSED:
        return None
    return page._(_PAUSED_WORDS[batch.paused_by or PausedBy.CALLER])


def heading(page: PageCall, batch: Batch) -> str:
    """What happens now, in a word."""
    is_issue = batch.kind is BatchKind.ISSUE
    match batch.status:
        case BatchStatus.PAUSED:
            return page._("Paused")
        case BatchStatus.CANCELED:
            return page._("Canceled")
        case BatchStatus.DONE | BatchStatus.ANCHORED:
            return page._("All rows are done")
        case _:
            return page._("Issuing") if is_issue else page._("Revoking")


def pace_of(page: PageCall, batch: Batch, per_second: float | None, eta_seconds: float | None) -> Pace:
    """How far it is, how fast, and how long it still takes.

    Args:
        per_second, eta_seconds: As the desk measured them; None where nothing can be said.
    """
    done, total = batch.issued + batch.failed, batch.total
    percent = 100 if total == 0 else done * 100 // total
    parts = [page._("%(percent)s %% done", percent=percent)]
    if batch.is_open and per_second:
        parts.append(_rate_words(page, per_second))
        if eta_seconds is not None:
            parts.append(page._("about %(span)s left", span=long_span(page, eta_seconds)))
    return Pace(done, total, percent, ", ".join(parts))


def _rate_words(page: PageCall, per_second: float) -> str:
    shown = round(per_second) if per_second >= 10 else round(per_second, 1)
    return page._("%(num)s rows a second", num=number_text(shown, page.texts))


def long_span(page: PageCall, seconds: float) -> str:
    """A span in two units at most: ``1 min 10 s``, ``2 h 5 min``."""
    whole = max(1, round(seconds))
    texts = page.texts
    if whole < _MINUTE:
        return page._("%(count)s s", count=number_text(whole, texts))
    if whole < _HOUR:
        minutes, rest = divmod(whole, _MINUTE)
        said = page._("%(count)s min", count=number_text(minutes, texts))
        return f"{said} {page._('%(count)s s', count=number_text(rest, texts))}" if rest else said
    hours, rest = divmod(whole // _MINUTE, _MINUTE)
    said = page._("%(count)s h", count=number_text(hours, texts))
    return f"{said} {page._('%(count)s min', count=number_text(rest, texts))}" if rest else said


def fault_lines(page: PageCall, fault: RowFault) -> list[str]:
    """Why a row failed, a line for each thing that is wrong: code, sentence, column."""
    if not fault.cells:
        return [f"{fault.code}: {fault_text(page, fault.code, fault.detail)}"]
    lines = []
    for cell in fault.cells[:_CELLS_SHOWN]:
        # Words of JSON Schema are no codes of ours.
        code = cell.code if cell.code.isupper() else fault.code
        text = f"{code}: {fault_text(page, code, cell.detail)}"
        where = cell.column or cell.pointer.removeprefix("/claims").strip("/").replace("/", ".")
        lines.append(page._("%(what)s Column %(name)s.", what=_ended(text), name=where) if where else _ended(text))
    if len(fault.cells) > _CELLS_SHOWN:
        more = len(fault.cells) - _CELLS_SHOWN
        lines.append(page.ngettext("And %(num)s thing more.", "And %(num)s things more.", more))
    return lines


def fault_text(page: PageCall, code: str, detail: str) -> str:
    """A fault in words: services speak English; elsewhere the code's own title says it."""
    if page.texts.language == SOURCE_LANGUAGE:
        return detail
    known = CATALOG.get(code)
    return page._(known.title) if known is not None else detail


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def person_name(page: PageCall, holder_did: str | None, claims: Mapping[str, object]) -> str | None:
    """Who it is about: the person known behind the DID, else the name that the claims give."""
    person = page.view().person_by_did(holder_did) if holder_did else None
    return person.display_name if person is not None else name_in(claims)


def name_in(claims: Mapping[str, object]) -> str | None:
    """A person's name out of claims, where they hold one under a name that is used for that."""
    for one in _NAMES:
        if isinstance(found := claims.get(one), str) and found.strip():
            return found
    parts = [part for name in _NAME_PARTS if isinstance(part := claims.get(name), str) and part.strip()]
    if parts:
        return " ".join(parts)
    inner = (claims.get(name) for name in _ABOUT)
    return next((name for one in inner if isinstance(one, dict) and (name := name_in(one))), None)
