"""Batches against a credential type's schema: each row makes a grant, or fails as a single order would."""

from __future__ import annotations

from sealwright.domain.people import Caller
from sealwright.services.dids import NewDID
from sealwright.services.office import Office
from tests.support.batches import assert_whole, codes_of, credentials_of, line, make_batch
from tests.support.desk import DPW, act, join
from tests.support.review import IMPROVER, ISSUER, audit_of, held_by, improver, reviewer

CLAIMS = {"qualification": DPW}


def _own_did(office: Office, caller: Caller) -> str:
    return act(office, caller, lambda uow, me: office.dids.create(uow, me, NewDID())).did


def _type_of(office: Office) -> tuple[str, str]:
    with office.units(write=False) as uow:
        kind = uow.types.get(DPW)
    assert kind is not None
    return kind.schema_id, kind.issuer_did


def test_a_reviewers_batch_makes_grants_and_a_second_one_none(office: Office) -> None:
    """The reviewer acts for the type's issuer, whose keys they do not hold."""
    rex = reviewer(office, "rex")
    schema, issuer = _type_of(office)
    people = [improver(office, name) for name in ("ada", "bob", "eve")]
    lines = [line(_own_did(office, person), CLAIMS) for person in people]
    batch = make_batch(office, lines, rex, schema=schema, issuer=issuer)
    office.bulk.engine.run_batch(batch.batch_id)
    ended = assert_whole(office, batch)
    assert (ended.issued, ended.failed) == (3, 0)
    for row, person in enumerate(people):
        record, grant = credentials_of(office, batch)[row], held_by(office, person)
        assert (record.grant_id, grant.credential_id) == (grant.grant_id, record.credential_id)
        assert grant.issued_by == rex.user_id
        assert audit_of(office, grant.grant_id) == {"grant.created": 1}
    again = make_batch(office, lines, rex, schema=schema, issuer=issuer)
    office.bulk.engine.run_batch(again.batch_id)
    assert_whole(office, again)
    assert codes_of(office, again) == dict.fromkeys(range(3), "CREDENTIAL_ALREADY_ACTIVE")


def test_rows_of_a_type_fail_as_single_orders_do(office: Office) -> None:
    both = join(office, "both", IMPROVER, ISSUER, scopes=(DPW,))
    schema, issuer = _type_of(office)
    ada, idle = improver(office, "ada"), join(office, "idle")
    holder = _own_did(office, ada)
    lines = [
        line(_own_did(office, both), CLAIMS),
        line(holder, CLAIMS),
        line(_own_did(office, idle), CLAIMS),
        line(holder, {"qualification": 7}),
        # Nothing stands against it before the row above was stored.
        line(holder, CLAIMS),
    ]
    batch = make_batch(office, lines, both, chunk_rows=8, schema=schema, issuer=issuer)
    found = office.bulk.engine.check_rows(batch, lines, 0, office.registry.current())
    office.bulk.engine.run_batch(batch.batch_id)
    assert_whole(office, batch)
    codes = codes_of(office, batch)
    assert codes == {
        0: "SELF_DECISION",
        2: "NOT_AN_APPROVED_IMPROVER",
        3: "SCHEMA_VALIDATION_FAILED",
        4: "CREDENTIAL_ALREADY_ACTIVE",
    }
    assert {fault.row: fault.code for fault in found} == {row: code for row, code in codes.items() if row != 4}
    assert held_by(office, ada).credential_id == credentials_of(office, batch)[1].credential_id
