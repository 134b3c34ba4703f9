"""`doctor`: looks at the installation from all sides, changes nothing, and says what to mend."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeVar

import typer

from sealwright.cli import desk
from sealwright.cli.misuse import DONE, FAILURE
from sealwright.cli.output import of
from sealwright.cli.whereabouts import base_of_links

if TYPE_CHECKING:
    from sealwright.services.queue_health import QueueState
    from sealwright.settings import Settings

T = TypeVar("T")

OK: Final = "ok"
WARNING: Final = "warning"
FAILED: Final = "failed"
UNCHECKED: Final = "unchecked"
_LEAST_FREE_BYTES: Final = 512 << 20
_CLOCK_TOLERANCE: Final = timedelta(seconds=5)
_STALE_AFTER: Final = timedelta(minutes=3)
_MOST_SCHEMAS: Final = 200
_LETTERS_LOOKED_AT: Final = 100
_ATTEMPTS_WORTH_TELLING: Final = 3
_LET_WORK: Final = "Let background work be done: sealwright serve, or sealwright worker"
_CREDENTIALS_1: Final = "https://www.w3.org/2018/credentials/v1"
_STATUS_2021: Final = "https://w3id.org/vc/status-list/2021/v1"
_ED25519_2020: Final = "https://w3id.org/security/suites/ed25519-2020/v1"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, and what mends it."""

    name: str
    outcome: str
    detail: str
    fix: str | None = None

    def members(self) -> dict[str, object]:
        """The finding as it is printed."""
        return {"name": self.name, "outcome": self.outcome, "detail": self.detail, "fix": self.fix}


def doctor(ctx: typer.Context) -> int:
    """Check this installation. Exit code 1 when something must be mended; warnings alone leave it 0."""
    settings = desk.read_settings()
    findings = [_guarded(name, check, settings) for name, check in _BEFORE_OPENING.items()]
    if desk.has_store(settings):
        findings += _with_office(settings)
    else:
        findings.append(Finding("setup", WARNING, "The office has not been set up.", "Run: sealwright init"))
    marks = {OK: "ok", WARNING: "WARN", FAILED: "FAIL", UNCHECKED: "?"}
    lines = [
        f"{marks[one.outcome]:<6}{one.name:<14}{one.detail}" + (f"  → {one.fix}" if one.fix else "") for one in findings
    ]
    of(ctx).emit({"checks": [one.members() for one in findings]}, plain="\n".join(lines))
    return FAILURE if any(one.outcome in (FAILED, UNCHECKED) for one in findings) else DONE


def _with_office(settings: Settings) -> list[Finding]:
    findings = [_guarded("database", _database, settings)]
    if findings[0].outcome == UNCHECKED:
        return findings
    try:
        with desk.open_office(settings) as at:
            return findings + [_guarded(name, check, at) for name, check in _IN_OFFICE.items()]
    except Exception as error:  # noqa: BLE001 - a doctor reports what is broken and goes on
        return [*findings, Finding("office", FAILED, f"The office cannot be opened: {_name(error)}.", None)]


def _guarded(name: str, check: Callable[[T], Finding], subject: T) -> Finding:
    try:
        return check(subject)
    except Exception as error:  # noqa: BLE001 - one broken check must not hide the others
        return Finding(name, UNCHECKED, f"The check itself failed: {_name(error)}.")


def _name(error: Exception) -> str:
    detail = getattr(error, "detail", None)
    return detail.rstrip(".") if isinstance(detail, str) else type(error).__name__


# ---- before anything is opened ---------------------------------------------------------------------------------


def _home(settings: Settings) -> Finding:
    mode = settings.home.stat().st_mode & 0o777
    if mode & 0o077:
        fix = f"Run: chmod 700 {settings.home}"
        return Finding("home", WARNING, f"The data folder has mode {mode:04o}: others may look in.", fix)
    return Finding("home", OK, "The data folder is private.")


def _public_url(settings: Settings) -> Finding:
    if settings.public_url_is_default:
        fix = "Set SEALWRIGHT_PUBLIC_URL before issuing for real: it stands in every credential."
        return Finding(
            "public_url", WARNING, f"Links begin with {base_of_links(settings)}, which others cannot reach.", fix
        )
    return Finding("public_url", OK, f"Links begin with {settings.public_url}.")


def _kek(settings: Settings) -> Finding:
    from sealwright.adapters.kek import HOME_FILE_NAME

    if settings.kek is not None:
        return Finding("kek", OK, "The key-encryption key comes from the environment.")
    path = settings.kek_file or settings.home / HOME_FILE_NAME
    if not path.exists():
        return Finding("kek", WARNING, "There is no key-encryption key yet.", "Run: sealwright init")
    facts = path.stat()
    if facts.st_mode & 0o077:
        return Finding("kek", FAILED, "The key-encryption key is readable by others.", f"Run: chmod 600 {path}")
    if hasattr(os, "getuid") and facts.st_uid not in (os.getuid(), 0):
        return Finding("kek", WARNING, "The key-encryption key belongs to another user.", f"Run: chown to you {path}")
    return Finding("kek", OK, "The key-encryption key is private.")


def _disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(settings.home).free
    if free < _LEAST_FREE_BYTES:
        return Finding(
            "disk", WARNING, f"{free >> 20} MiB are free.", "Make room; writing stops when the disk is full."
        )
    return Finding("disk", OK, f"{free >> 20} MiB are free.")


def _checkpoint_folder(settings: Settings) -> Finding:
    folder = settings.audit_export_dir
    existing = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    try:
        with tempfile.NamedTemporaryFile(dir=existing, prefix=".doctor-"):
            pass
    except OSError as error:
        fix = "Make it writable, or set SEALWRIGHT_AUDIT_EXPORT_DIR."
        return Finding("checkpoints", FAILED, f"The checkpoint folder cannot be written: {error.strerror}.", fix)
    if folder.is_relative_to(settings.home):
        fix = "Set SEALWRIGHT_AUDIT_EXPORT_DIR to another disk or machine."
        return Finding("checkpoints", WARNING, "Checkpoints go beside the data that they are to vouch for.", fix)
    return Finding("checkpoints", OK, "Checkpoints go to a place of their own.")


def _database(settings: Settings) -> Finding:
    from sealwright.storage.engines import open_database
    from sealwright.storage.inspection import check_database
    from sealwright.storage.inspection import settings as database_settings

    database = open_database(settings.database_url.reveal())
    try:
        found = check_database(database)
        wrong = sorted(name for name, is_right in database_settings(database).items() if not is_right)
    finally:
        database.close()
    if not found["answers"]:
        return Finding("database", UNCHECKED, "The database does not answer.", "See that it runs and lets us in.")
    if wrong:
        fix = "Set them as the guide says: an acknowledged credential must survive a power cut."
        return Finding("database", FAILED, f"Settings of the database are not safe: {', '.join(wrong)}.", fix)
    if not found["migrated"]:
        return Finding("database", WARNING, "The tables are of another version.", "Run: sealwright migrate")
    return Finding("database", OK, f"The {settings.database.value} database answers, is of this version and safe.")


# ---- in the open office ----------------------------------------------------------------------------------------


def _setup(at: desk.Desk) -> Finding:
    from sealwright.services.founding import FOUNDED_AT_URL

    if not at.view.is_initialized():
        return Finding("setup", WARNING, "The office has not been set up.", "Run: sealwright init")
    with at.office.units(write=False) as uow:
        founded_at = uow.office.get(FOUNDED_AT_URL)
    if founded_at is not None and founded_at not in (at.settings.public_url, base_of_links(at.settings)):
        fix = f"Set SEALWRIGHT_PUBLIC_URL={founded_at}, or see that this address still answers."
        return Finding("setup", WARNING, f"The office was founded at {founded_at}: old documents point there.", fix)
    return Finding("setup", OK, "The office is set up.")


def _keys(at: desk.Desk) -> Finding:
    with at.office.units(write=False) as uow:
        keys = uow.keys.list()
    if not at.office.keys.check(keys) or at.office.keys.is_sealed:
        fix = "Give back the key-encryption key that these keys were sealed with."
        return Finding("keys", FAILED, "Stored keys do not open: the office is sealed.", fix)
    return Finding("keys", OK, f"{len(keys)} stored keys open.")


def _key_ages(at: desk.Desk) -> Finding:
    from sealwright.domain.dids import MethodState

    oldest = at.office.clock.now() - timedelta(days=at.settings.signing_key_max_age_days)
    with at.office.units(write=False) as uow:
        old = [key for key in uow.keys.list() if key.state is MethodState.ACTIVE and key.created_at < oldest]
    if old:
        names = ", ".join(sorted(key.key_id for key in old)[:3])
        detail = f"{len(old)} keys are older than {at.settings.signing_key_max_age_days} days: {names}."
        return Finding("key_ages", WARNING, detail, "Run: sealwright keys rotate")
    return Finding("key_ages", OK, f"No active key is older than {at.settings.signing_key_max_age_days} days.")


def _clock(at: desk.Desk) -> Finding:
    with at.office.units(write=False) as uow:
        head = uow.audit.head()
    now = at.office.clock.now()
    if head.at is not None and now < head.at - _CLOCK_TOLERANCE:
        behind = int((head.at - now).total_seconds())
        fix = "Set the clock; nothing is issued until then."
        return Finding("clock", FAILED, f"The clock is {behind} s behind the newest audit row.", fix)
    return Finding("clock", OK, "The clock is not behind the audit trail.")


def _audit(at: desk.Desk) -> Finding:
    if at.office.auditing.is_behind_export():
        fix = "This is an older copy of the data: restore the newest backup."
        return Finding("audit", FAILED, "The exported checkpoint is ahead of this database.", fix)
    with at.office.units(write=False) as uow:
        head, last = uow.audit.head(), uow.audit.last_checkpoint()
    # The row that reports a checkpoint stands after it.
    tail = head.sequence - (last.sequence + 1 if last is not None else 0)
    if tail > 0 and head.at is not None and at.office.clock.now() - head.at > _STALE_AFTER:
        return Finding("audit", WARNING, f"{tail} audit rows wait for a checkpoint.", _LET_WORK)
    return Finding("audit", OK, f"{head.sequence} audit rows; checkpoints keep up.")


def _housekeeping(at: desk.Desk) -> Finding:
    with at.office.units(write=False) as uow:
        stale = uow.reservations.stale(at.office.clock.now() - _STALE_AFTER, 1)
    if stale:
        return Finding("housekeeping", WARNING, "Abandoned reservations wait to be voided.", _LET_WORK)
    return Finding("housekeeping", OK, "No abandoned reservation waits.")


def _workers(at: desk.Desk) -> Finding:
    state, neglected = at.office.queue.state(), at.office.queue.neglected()
    waits = f"{state.waiting} jobs wait" if state.oldest_seconds is None else _waits(state)
    if neglected:
        named = ", ".join(neglected[:3])
        return Finding("workers", WARNING, f"Nobody does background work, and some is long due: {named}.", _LET_WORK)
    if state.stalled:
        fix = "Nothing, if they were just stopped: other workers take their jobs over within seconds."
        return Finding("workers", WARNING, f"{state.stalled} jobs of workers that are gone; {waits}.", fix)
    if state.seen_seconds is None:
        return Finding("workers", OK, "No worker runs, and nothing is due for long.")
    from sealwright.settings import Database

    alive = "A worker was" if at.settings.database is Database.SQLITE else f"{state.workers} workers; one was"
    return Finding("workers", OK, f"{alive} seen {int(state.seen_seconds)} s ago; {waits}.")


def _waits(state: QueueState) -> str:
    return f"{state.waiting} jobs wait, the oldest for {int(state.oldest_seconds or 0)} s"


def _counters(at: desk.Desk) -> Finding:
    from sealwright.services.store_check import RECOUNT

    drift = at.office.store_check.drift(at.caller)
    if drift:
        return Finding("counters", FAILED, f"{drift} kept totals differ from what they count.", RECOUNT)
    return Finding("counters", OK, "The kept totals of requests and workflows are right.")


def _mail(at: desk.Desk) -> Finding:
    outbox = at.office.mailing.outbox(at.caller, count=_LETTERS_LOOKED_AT).items
    waiting = [mail for mail in outbox if mail.sent_at is None and mail.attempts >= _ATTEMPTS_WORTH_TELLING]
    if waiting:
        fix = "See that the mail server of SEALWRIGHT_SMTP_URL answers and takes letters."
        return Finding("mail", WARNING, f"{len(waiting)} letters were refused several times and wait.", fix)
    if at.office.mailing.is_local:
        fix = "Set SEALWRIGHT_SMTP_URL and SEALWRIGHT_MAIL_FROM."
        return Finding("mail", WARNING, "No mail server is set: letters stay in the outbox folder.", fix)
    return Finding("mail", OK, "Letters leave by the mail server.")


def _halts(at: desk.Desk) -> Finding:
    halts = at.office.halting.status().halts
    if halts:
        return Finding("halts", WARNING, f"Issuing is halted ({len(halts)}).", "When all is well: sealwright resume")
    return Finding("halts", OK, "Issuing is not halted.")


def _plans(at: desk.Desk) -> Finding:
    """Compile the plan of each schema's full shape, as the first credential of a server would."""
    from sealwright.vc.canon import Canonicalizer
    from sealwright.vc.contexts.store import ContextStore
    from sealwright.vc.encoding.strict_json import parse_json
    from sealwright.vc.schemas.registration import sample_credential
    from sealwright.vc.schemas.samples import sample_claims

    with at.office.units(write=False) as uow:
        active = [record for record in uow.schemas.all() if record.active]
    contexts = ContextStore.pinned()
    canon = Canonicalizer(contexts)
    slow = []
    for record in active[:_MOST_SCHEMAS]:
        contexts.register(record.context_url, record.context)
        schema = parse_json(record.content)
        names = (_CREDENTIALS_1, record.context_url, _STATUS_2021, _ED25519_2020)
        if isinstance(schema, dict) and not canon.learn(sample_credential(names, record.type, sample_claims(schema))):
            slow.append(record.schema_id)
    if slow:
        fix = "Nothing must be mended: these credentials are right, and take longer to issue."
        return Finding("plans", WARNING, f"Schemas without a compiled plan: {', '.join(slow[:3])}.", fix)
    return Finding("plans", OK, f"{len(active)} active schemas have a compiled plan each.")


_BEFORE_OPENING: Final[Mapping[str, Callable[[Settings], Finding]]] = {
    "home": _home,
    "public_url": _public_url,
    "kek": _kek,
    "disk": _disk,
    "checkpoints": _checkpoint_folder,
}
_IN_OFFICE: Final[Mapping[str, Callable[[desk.Desk], Finding]]] = {
    "setup": _setup,
    "keys": _keys,
    "key_ages": _key_ages,
    "clock": _clock,
    "audit": _audit,
    "housekeeping": _housekeeping,
    "workers": _workers,
    "counters": _counters,
    "halts": _halts,
    "mail": _mail,
    "plans": _plans,
}
