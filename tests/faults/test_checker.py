"""The checker is not blind: a sound history passes, and each thing spoiled by hand is named by its invariant."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.faults.clients import Caller, ask_wish, batch_wish, decide_wish, issue_wish, revoke_wish
from tests.faults.judging import judge
from tests.faults.kill_nine import furnish, furnish_workers
from tests.faults.nursery import nursery
from tests.faults.work_clients import WorkPeople
from tests.support.history import (
    ASK,
    BATCH,
    CLAIM,
    COMPLETE,
    DECIDE,
    LOSE,
    START,
    History,
    Outcome,
    Sighting,
    Trouble,
    Wish,
)
from tests.support.rows import Rows
from tests.support.site import Site, Templates

# Some rows of the batch fail, not all, and others would if they were read from the end.
BATCH_SEED = 3


@dataclass(frozen=True)
class Sound:
    """A store and the history that made it."""

    site: Site
    history: History


@pytest.fixture(scope="module")
def sound(templates: Templates) -> Iterator[Sound]:
    """Twelve credentials, three revoked; a batch; two requests approved, one rejected; a reservation left behind."""
    with templates.get("sqlite").site() as site:
        history, randomness = History(), random.Random(5)
        desk, people = furnish(site, askers=2), furnish_workers(site, 2)
        server = site.start(launch=nursery(), port=site.public_port)
        server.wait_ready()
        caller = Caller(site.api_key)
        wishes = [issue_wish(history, randomness, revocable=True) for _ in range(12)]
        for wish in wishes:
            caller.carry_out(server.port, wish, history)
        for wish in wishes[:3]:
            found = wish.acknowledged()
            assert found is not None
            caller.carry_out(server.port, revoke_wish(history, found.credential_id), history)
            history.see(Sighting(found.credential_id, still_good=False))
        batch = batch_wish(history, random.Random(BATCH_SEED), allowDuplicates=False)
        caller.carry_out(server.port, batch, history)
        for token in desk.askers:
            asked = ask_wish(history, token, desk.types[0])
            caller.carry_out(server.port, asked, history)
            name, reviewer = json.loads(asked.answers[0])["id"], desk.reviewers[0]
            caller.carry_out(server.port, decide_wish(history, name, "approved", 1, reviewer), history)
        caller.carry_out(server.port, decide_wish(history, name, "rejected", 2, reviewer), history)
        _work(people, history, lambda wish: caller.carry_out(server.port, wish, history))
        assert server.terminate()[0] == 0
        _leave_behind(site.rows)
        yield Sound(site, history)


def _work(people: WorkPeople, history: History, send: Callable[[Wish], object]) -> None:
    """One hands in a first step and holds the second; the other claims, and loses the credential."""
    (worker, loser), (job, other) = people.workers, people.jobs[:2]
    for act, who, where in (
        (CLAIM, worker, job),
        (START, worker, job),
        (COMPLETE, worker, job),
        (CLAIM, loser, other),
    ):
        path = f"/improvers/workflows/{where.workflow_id}/steps/{where.steps[0]}/{act}"
        name = f"{act}-{where.workflow_id}"
        send(history.begin(Wish(act, name, b"{}", where.steps[0], path=path, token=who.token)))
    path = f"/issuers/credentials/{loser.grant_id}/revoke"
    send(history.begin(Wish(LOSE, "lose", b'{"reason":"r"}', loser.grant_id, path=path, token=people.reviewer)))
    assert all(wish.outcome is Outcome.OK for act in (CLAIM, COMPLETE, LOSE) for wish in history.of(act))


def _leave_behind(rows: Rows) -> None:
    """A reservation such as a server leaves that dies before it signs."""
    columns = "issuer_did, order_digest, key_id, proof_type, list_id"
    rows.run(
        f"INSERT INTO reservations (uid, {columns}, list_index, reserved_at, state) "
        f"SELECT randomblob(16), {columns}, (list_index + 7) % 131072, reserved_at, 'reserved' "
        "FROM reservations LIMIT 1"
    )


@pytest.fixture
def copied(sound: Sound, tmp_path: Path) -> Sound:
    """A copy that a test may spoil."""
    home = tmp_path / "var"
    shutil.copytree(Path(sound.site.environment["SEALWRIGHT_HOME"]), home)
    url = f"sqlite:///{home / 'sealwright.db'}"
    environment = {**sound.site.environment, "SEALWRIGHT_HOME": str(home), "SEALWRIGHT_DATABASE_URL": url}
    site = replace(sound.site, folder=tmp_path, database_url=url, environment=environment, processes=[])
    return Sound(site, sound.history.copy())


def test_a_sound_history_passes(copied: Sound) -> None:
    verdict = judge(copied.site, copied.history)
    assert verdict, str(verdict)
    in_batch = json.loads(next(copied.history.of(BATCH)).answers[0])
    told = 12 + in_batch["issued"]
    assert verdict.counts["acknowledged"] == verdict.counts["verified"] == verdict.counts["fetched"] == told
    assert (verdict.counts["batches"], verdict.counts["batch_rows_failed"]) == (1, in_batch["failed"])
    assert min(in_batch["issued"], in_batch["failed"]) > 0
    assert (verdict.counts["revocations"], verdict.counts["void"], verdict.counts["swept"]) == (3, 1, 1)


def _free(rows: Rows) -> None:
    """Take the store's own guards away, so that a test can do what they would refuse."""
    names = [row[0] for row in rows.read("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
    rows.run(*(f"DROP TRIGGER {name}" for name in names), "DROP INDEX IF EXISTS uq_reservations_place")


# Credentials that clients were told of: those of the demo's grants stand there without a call.
_TOLD = "SELECT uid FROM credentials WHERE grant_id IS NULL AND batch_id IS NULL AND status"
IN_BATCH = "(SELECT uid FROM credentials WHERE batch_id IS NOT NULL ORDER BY uid LIMIT 1)"
FIRST = f"({_TOLD} = 'valid' ORDER BY uid LIMIT 1)"
REVOKED = f"({_TOLD} = 'revoked' ORDER BY uid LIMIT 1)"
SECOND = f"({_TOLD} = 'valid' ORDER BY uid LIMIT 1 OFFSET 1)"
# One that came of a request: those of the people who work were made without.
GRANT = (
    "(SELECT grant_id FROM grants WHERE status = 'active' AND issuance = 'issued' AND request_id IS NOT NULL "
    "ORDER BY grant_id LIMIT 1)"
)
REJECTED = (
    "(SELECT uid FROM credentials WHERE grant_id = (SELECT grant_id FROM grants WHERE status = 'revoked' "
    "ORDER BY issued_at DESC, grant_id LIMIT 1))"
)
APPROVED = f"(SELECT request_id FROM grants WHERE grant_id = {GRANT})"
NAME_OF_FIRST = (
    f"(SELECT object_id FROM audit_rows WHERE action = 'credential.issued' AND object_id LIKE "
    f"'%' || lower(substr(hex({FIRST}), 21)))"
)
ISSUED_ROW = f"action = 'credential.issued' AND object_id = {NAME_OF_FIRST}"
# The claim of whoever still works, and the grant of whoever lost it.
ANY_CLAIM = (
    "claim_id = (SELECT claim_id FROM workflow_steps WHERE status = 'completed' AND claim_id IS NOT NULL LIMIT 1)"
)
LOST_GRANT = (
    "(SELECT grant_id FROM grants WHERE status = 'revoked' AND user_id IN (SELECT user_id FROM step_claims) LIMIT 1)"
)
SPOILED: dict[str, tuple[str, tuple[str, ...]]] = {
    "a row of a batch is gone": ("I7", (f"DELETE FROM credentials WHERE uid = {IN_BATCH}",)),
    "a batch is not what was anchored": (
        "I7",
        (f"UPDATE credentials SET document_sha256 = zeroblob(32) WHERE uid = {IN_BATCH}",),
    ),
    "a batch tells of another root": ("I7", ("UPDATE batches SET transaction_hash = '0x' || merkle_root || '00'",)),
    "a chunk is not on record": (
        "I7",
        ("DELETE FROM audit_rows WHERE action = 'credential.issued' AND object_id LIKE 'bat_%'",),
    ),
    "a place of a batch was given out twice": (
        "I2",
        (
            f"UPDATE credentials SET list_index = (SELECT list_index FROM credentials WHERE uid = {IN_BATCH}) "
            "WHERE uid = (SELECT uid FROM credentials WHERE batch_id IS NOT NULL ORDER BY uid LIMIT 1 OFFSET 1)",
        ),
    ),
    "a credential of a batch was reserved alone": (
        "I3",
        (
            "INSERT INTO reservations (uid, issuer_did, order_digest, key_id, proof_type, reserved_at, state) "
            f"SELECT {IN_BATCH}, issuer_did, order_digest, key_id, proof_type, reserved_at, 'void' "
            "FROM reservations LIMIT 1",
        ),
    ),
    "an acknowledged credential is gone": ("I1", (f"DELETE FROM credentials WHERE uid = {FIRST}",)),
    "a stored document differs in one byte": (
        "I1",
        (f"UPDATE credentials SET document = CAST(replace(document, 'MIT', 'MIB') AS BLOB) WHERE uid = {FIRST}",),
    ),
    "two reservations hold one place": (
        "I2",
        (
            "UPDATE reservations SET list_index = (SELECT list_index FROM reservations r WHERE r.uid = "
            f"{SECOND}) WHERE uid = {FIRST}",
        ),
    ),
    "a row names another place than its document": (
        "I2",
        (
            f"UPDATE reservations SET list_index = list_index + 1 WHERE uid = {FIRST}",
            f"UPDATE credentials SET list_index = list_index + 1 WHERE uid = {FIRST}",
        ),
    ),
    "a credential lives that nobody was told of": (
        "I3",
        (
            "INSERT INTO reservations (uid, issuer_did, order_digest, key_id, proof_type, reserved_at, state) "
            "SELECT randomblob(16), issuer_did, order_digest, key_id, proof_type, reserved_at, 'issued' "
            "FROM reservations LIMIT 1",
        ),
    ),
    "a credential lives on a void reservation": (
        "I3",
        (f"UPDATE reservations SET state = 'void' WHERE uid = {FIRST}",),
    ),
    "a void reservation has no bit": (
        "I3",
        (
            "INSERT INTO reservations (uid, issuer_did, order_digest, key_id, proof_type, list_id, list_index, "
            "reserved_at, state) SELECT randomblob(16), issuer_did, order_digest, key_id, proof_type, list_id, "
            "(list_index + 11) % 131072, reserved_at, 'void' FROM reservations WHERE list_id IS NOT NULL LIMIT 1",
        ),
    ),
    "a credential has no audit row": ("I4", (f"DELETE FROM audit_rows WHERE {ISSUED_ROW}",)),
    "an audit row has no effect": (
        "I4",
        (f"UPDATE audit_rows SET object_id = 'urn:uuid:nobody' WHERE {ISSUED_ROW}",),
    ),
    "a revocation is not on record": ("I4", ("DELETE FROM audit_rows WHERE action = 'credential.revoked'",)),
    "an audit row was rewritten": (
        "I5",
        (f"UPDATE audit_rows SET body = CAST(replace(body, 'issuer001', 'issuer002') AS BLOB) WHERE {ISSUED_ROW}",),
    ),
    "the trail was shortened": (
        "I5",
        ("DELETE FROM audit_rows WHERE sequence = (SELECT sequence FROM audit_head)",),
    ),
    "a revocation bit went back": ("I8", ("UPDATE status_bits SET revocation = zeroblob(length(revocation))",)),
    "a revoked credential is valid again": ("I8", (f"UPDATE credentials SET status = 'valid' WHERE uid = {REVOKED}",)),
    "a decision is not on record": (
        "I4",
        (f"DELETE FROM audit_rows WHERE action = 'request.approved' AND object_id = {APPROVED}",),
    ),
    "two grants of one type are in force": (
        "I6",
        (
            "DROP INDEX uq_grants_in_force",
            "UPDATE grants SET (user_id, credential_type, status) = "
            f"(SELECT user_id, credential_type, status FROM grants WHERE grant_id = {GRANT}) "
            "WHERE grant_id = (SELECT grant_id FROM grants WHERE status = 'active' ORDER BY grant_id LIMIT 1 OFFSET 1)",
        ),
    ),
    "a grant was revoked and its credential lives": (
        "I8",
        (f"UPDATE grants SET status = 'revoked' WHERE grant_id = {GRANT}",),
    ),
    "a request is approved without a grant": (
        "I9",
        (f"UPDATE grants SET request_id = NULL WHERE grant_id = {GRANT}",),
    ),
    "a request is not where its last decision put it": (
        "I9",
        (f"UPDATE requests SET state = 'rejected' WHERE request_id = {APPROVED}",),
    ),
    "a rejection left its status bit": (
        "I8",
        (f"UPDATE credentials SET status = 'valid' WHERE uid = {REJECTED}",),
    ),
    "a grant was signed twice": (
        "I6",
        (f"UPDATE credentials SET grant_id = {GRANT} WHERE uid = {FIRST}",),
    ),
    "a role is claimed by two": (
        "I6",
        (
            "DROP INDEX uq_step_claims_role",
            f"UPDATE step_claims SET role_id = (SELECT role_id FROM step_claims WHERE {ANY_CLAIM})",
        ),
    ),
    "a claim counts no grant": ("I8", (f"UPDATE step_claims SET satisfied_by = '{{}}' WHERE {ANY_CLAIM}",)),
    "a claim is younger than the end of its grant": (
        "I8",
        (
            f"UPDATE audit_rows SET object_id = '{{}}' WHERE action = 'grant.revoked' AND object_id = {LOST_GRANT}",
            f"UPDATE audit_rows SET action = 'grant.revoked', object_id = {LOST_GRANT} WHERE sequence = 1",
        ),
    ),
    "a claim is not on record": (
        "I4",
        ("DELETE FROM audit_rows WHERE action = 'step.claimed'",),
    ),
    "a finished step is owed to nobody": ("I6", ("DELETE FROM payouts WHERE status = 'owed'",)),
    "a step is held by no claim": (
        "I6",
        (f"DELETE FROM step_claims WHERE {ANY_CLAIM}",),
    ),
    "a revocation released nothing that it should have": (
        "I8",
        ("UPDATE credential_types SET revocation_policy = 'release_all'",),
    ),
    "the feed has lost an instance": (
        "I9",
        ("DELETE FROM feed_entries WHERE workflow_id = (SELECT min(workflow_id) FROM feed_entries)",),
    ),
    "the feed counts wrong": ("I9", ("UPDATE feed_combinations SET instances = instances + 1",)),
    "a row refers to nobody": (
        "I12",
        ("INSERT INTO did_names (name, did) VALUES ('did:adi:lost', 'did:adi:nobody')",),
    ),
}


@pytest.mark.parametrize("how", SPOILED)
def test_what_was_spoiled_is_found(copied: Sound, how: str) -> None:
    invariant, statements = SPOILED[how]
    _free(copied.site.rows)
    copied.site.rows.run("PRAGMA foreign_keys = OFF", *statements)
    verdict = judge(copied.site, copied.history)
    assert invariant in verdict.invariants, f"{how}: {verdict}"


def _other_bytes(history: History) -> None:
    wish = history.wishes[0]
    wish.answers.append(wish.answers[0].replace(b"MIT", b"MIB"))


def _refused(history: History) -> None:
    history.wishes[0].outcome = Outcome.REFUSED


def _batch_refused(history: History) -> None:
    next(history.of(BATCH)).outcome = Outcome.REFUSED


def _batch_of_other_rows(history: History) -> None:
    wish = next(history.of(BATCH))
    rows = json.loads(wish.body)
    rows["credentials"].reverse()
    wish.body = json.dumps(rows).encode()


def _batch_twice(history: History) -> None:
    history.begin(replace(next(history.of(BATCH)), key="batch-again"))


def _batch_unheard(history: History) -> None:
    wish = next(history.of(BATCH))
    wish.answers[0] = wish.answers[0].replace(b'"status":"issued"', b'"status":"failed"')


def _unsettled(history: History) -> None:
    history.wishes[0].outcome = Outcome.UNKNOWN


def _seen_good(history: History) -> None:
    history.see(Sighting("urn:uuid:x", still_good=True))


def _decided(history: History) -> Wish:
    return next(history.of(DECIDE, Outcome.OK))


def _won_twice(history: History) -> None:
    history.begin(replace(_decided(history), key="decide-again"))


def _nobody_won(history: History) -> None:
    rival = replace(_decided(history), key="decide-again", has_rival=True, outcome=Outcome.REFUSED, status=409)
    body = json.loads(rival.body)
    history.begin(replace(rival, body=json.dumps({**body, "expected_version": 9}).encode()))


def _refused_alone(history: History) -> None:
    wish = _decided(history)
    wish.outcome, wish.status = Outcome.REFUSED, 409


def _told_of_another_grant(history: History) -> None:
    wish = _decided(history)
    said = json.loads(wish.answers[0])
    wish.answers[0] = json.dumps({**said, "grant_id": "grt_nobody"}).encode()


def _told_of_no_request(history: History) -> None:
    wish = next(history.of(ASK, Outcome.OK))
    wish.answers[0] = wish.answers[0].replace(b'"req_', b'"req_x')


def _trace(history: History) -> None:
    history.troubles.append(Trouble(503, {"retry-after": "1"}, b'{"status":503,"code":"X","detail":"Traceback"}'))


def _final(history: History) -> None:
    history.troubles.append(Trouble(500, {}, b'{"status":500,"code":"INTERNAL","retryable":false}'))


def _impatient(history: History) -> None:
    history.troubles.append(Trouble(503, {}, b'{"status":503,"code":"UNAVAILABLE","retryable":true}'))


@pytest.mark.parametrize(
    ("invariant", "change"),
    [
        ("P9", _other_bytes),
        ("P9", _refused),
        ("P9", _unsettled),
        ("P9", _batch_refused),
        ("I7", _batch_of_other_rows),
        ("P9", _batch_twice),
        ("I3", _batch_unheard),
        ("P8", _won_twice),
        ("P8", _nobody_won),
        ("P9", _refused_alone),
        ("I1", _told_of_another_grant),
        ("I4", _told_of_no_request),
        ("I8", _seen_good),
        ("I11", _trace),
        ("I11", _final),
        ("I11", _impatient),
    ],
    ids=[
        "one key brought two answers",
        "a refused call has an effect",
        "a call was never settled",
        "a refused batch has an effect",
        "a batch was answered with other rows",
        "one batch was answered to two keys",
        "a credential of a batch was never handed over",
        "two decisions of one version were done",
        "two reviewers decided and neither won",
        "a decision without a rival was refused",
        "an approval told of a grant that is not there",
        "a request was told that is not there",
        "a revoked credential was seen good",
        "an answer tells a trace",
        "an answer of 500 cannot be retried",
        "a 503 does not say when",
    ],
)
def test_what_clients_heard_is_judged(copied: Sound, invariant: str, change: Callable[[History], None]) -> None:
    change(copied.history)
    assert invariant in judge(copied.site, copied.history).invariants


def test_a_damaged_page_is_found(copied: Sound) -> None:
    path = copied.site.rows.path
    copied.site.rows.run("PRAGMA wal_checkpoint(TRUNCATE)")
    root = copied.site.rows.value("SELECT rootpage FROM sqlite_master WHERE name = 'uq_credentials_external_id'")
    index = copied.site.rows.value("SELECT rootpage FROM sqlite_master WHERE name = 'ix_credentials_holder'")
    assert root != index
    content = bytearray(path.read_bytes())
    content[(index - 1) * 4096 + 8 : index * 4096] = bytes(4088)
    path.write_bytes(bytes(content))
    assert "I12" in judge(copied.site, copied.history).invariants
