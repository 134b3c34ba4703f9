"""The checker's witnesses for a site: its servers over the wire, our verifier, the trail's own, and strangers."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sealwright.bootstrap import build
from sealwright.services.office import Office
from sealwright.services.verification import VerifyOptions
from sealwright.settings import load_settings
from sealwright.vc.encoding.strict_json import parse_json
from tests.faults.clients import Caller
from tests.interop.peer import DIGITAL_BAZAAR, DigitalBazaar, PeerMissing, PeerSilent, start_node
from tests.support.checker import Checker, Verdict, Witnesses
from tests.support.history import History
from tests.support.office import the_operator
from tests.support.site import ServerProcess, Site

# Past the age at which an abandoned reservation is voided.
ABANDONED_SECONDS: Final = 65
# Past the longest pause between two tries to sign a grant.
LONGEST_PAUSE_SECONDS: Final = 3_700


@contextmanager
def office_of(site: Site) -> Iterator[Office]:
    """An office in this process over the site's store; nothing runs in its background."""
    environment = {name: value for name, value in site.environment.items() if name.startswith("SEALWRIGHT_")}
    office = build(load_settings(environment, cwd=site.folder))
    try:
        yield office
    finally:
        office.close()


def sweep(site: Site, office: Office) -> int:
    """Void everything that was left behind, as if a minute had passed; how many.

    The reservations are made older and the clock stays: a clock ahead would date the lists so, too.
    """
    site.rows.run(f"UPDATE reservations SET reserved_at = reserved_at - {ABANDONED_SECONDS} WHERE state = 'reserved'")
    total = 0
    task = office.tasks.get("sweep")
    assert task is not None
    while voided := task.work():
        total += int(voided)  # type: ignore[call-overload]  # tasks give counts or nothing
    return total


def sign_left_behind(site: Site, office: Office) -> int:
    """Sign every grant whose signing was put off, as if its pause was over; how many."""
    site.rows.run(f"UPDATE grants SET due_at = due_at - {LONGEST_PAUSE_SECONDS} WHERE issuance <> 'issued'")
    return office.grant_issuance.sign_due()


def judge(
    site: Site,
    history: History,
    at: ServerProcess | None = None,
    *,
    fetch_at_most: int = 2_000,
    verify_at_most: int = 100_000,
) -> Verdict:
    """Sweep what was abandoned and check every invariant.

    Args:
        at: A server that answers; one at the public port lets strangers judge too. Without one, the store's office in
            this process is asked instead.
        fetch_at_most: How many documents are fetched over the wire.
        verify_at_most: How many documents are verified.
    """
    with office_of(site) as office, strangers(site, at) as peer:
        swept = sweep(site, office)
        sign_left_behind(site, office)
        witnesses = Witnesses(
            fetch=_fetcher(at) if at is not None else lambda name: _shown(office, name),
            verify=lambda document: _failures(office, document),
            audit=lambda: _audit_fault(office, exported_notes(site)),
            stranger=None if peer is None else lambda document: _stranger_says(peer, site, document),
        )
        verdict = Checker(history, site.rows, witnesses, fetch_at_most, verify_at_most=verify_at_most).run()
        verdict.counts["swept"] = swept
        return verdict


def exported_notes(site: Site) -> tuple[bytes, ...]:
    """Every checkpoint that was exported."""
    folder = Path(site.environment["SEALWRIGHT_HOME"]) / "checkpoints"
    notes = sorted(folder.glob("checkpoint-*.txt")) if folder.is_dir() else []
    return tuple(note.read_bytes() for note in notes)


@contextmanager
def strangers(site: Site, at: ServerProcess | None) -> Iterator[DigitalBazaar | None]:
    """Digital Bazaar's software where it is installed and can reach the site's public address; else None."""
    with contextlib.ExitStack() as stack:
        peer = None
        if at is not None and at.port == site.public_port:
            with contextlib.suppress(PeerMissing):
                started = start_node(DIGITAL_BAZAAR, "peer.mjs")
                stack.callback(started.stop)
                peer = DigitalBazaar(started)
        yield peer


def _fetcher(at: ServerProcess) -> Any:
    caller = Caller(at.api_key)

    def fetch(credential_id: str) -> tuple[int, bytes]:
        heard = caller.ask(at.port, "GET", f"/api/v1/credentials/{credential_id}/document")
        return heard.status, heard.body

    return fetch


def _shown(office: Office, credential_id: str) -> tuple[int, bytes]:
    return 200, office.shelf.document(credential_id, the_operator(office), office.registry.current())


def _failures(office: Office, document: bytes) -> list[str]:
    report = office.verifier.verify(parse_json(document), VerifyOptions())
    return [check.name for check in report.failures]


def _audit_fault(office: Office, notes: tuple[bytes, ...]) -> str | None:
    verdict = office.auditing.verify(the_operator(office), notes)
    return None if verdict.verified is True else f"row {verdict.first_bad}: {verdict.detail}"


def _stranger_says(peer: DigitalBazaar, site: Site, document: bytes) -> bool:
    try:
        return bool(peer.verify(json.loads(document), loopback=site.public_url)["verified"])
    except PeerSilent:
        return False
