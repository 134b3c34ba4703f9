"""Two servers over one database: one truth about indexes, rates, keys and revocations."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sealwright.domain.errors import NotSignedIn
from sealwright.services.catalog_builtin import UNIVERSITY_DEGREE, list_builtin
from sealwright.services.office import Office
from sealwright.services.schemas import NewSchema
from sealwright.services.verification import VerifyOptions
from sealwright.vc.encoding.strict_json import parse_json
from tests.support.office import ISSUER, degree_request, furnish, issue, open_office, the_operator


@pytest.fixture
def offices(database_url: str, tmp_path: Path) -> Iterator[tuple[Office, Office]]:
    with open_office(database_url, tmp_path / "home", background=True) as one:
        furnish(one)
        with open_office(database_url, tmp_path / "home", background=True) as other:
            yield one, other


def test_indexes_are_unique_over_both(offices: tuple[Office, Office]) -> None:
    def call(number: int) -> tuple[str, int]:
        office = offices[number % 2]
        order = office.issuing.check(degree_request(), the_operator(office), office.registry.current())
        place = office.issuing.submit(order).result(timeout=30).record.place
        assert place is not None
        return place.list_id, place.index

    with ThreadPoolExecutor(8) as pool:
        places = list(pool.map(call, range(120)))
    assert len(set(places)) == 120
    assert offices[0].auditing.verify(the_operator(offices[0])).verified is True


def test_revocation_in_one_is_seen_by_the_other_at_once(offices: tuple[Office, Office]) -> None:
    one, other = offices
    record = issue(one).record
    document = parse_json(record.document or b"")
    assert other.verifier.verify(document, VerifyOptions())
    one.acts.run(the_operator(one), lambda uow, me: one.revocation.revoke(uow, me, record.credential_id, "x"))
    report = other.verifier.verify(document, VerifyOptions())
    assert not report
    assert report.check("revocation").code == "REVOKED"


def test_a_schema_registered_in_one_is_known_to_the_other_at_once(offices: tuple[Office, Office]) -> None:
    one, other = offices
    degree = next(each for each in list_builtin() if each.schema_id == UNIVERSITY_DEGREE)
    wish = NewSchema(name="later-degree", type=("LaterDegreeCredential",), schema=degree.schema)
    one.schemas.prove(wish)
    one.acts.run(the_operator(one), lambda uow, me: one.schemas.register(uow, me, wish), changes_registry=True)
    document = parse_json(issue(one, schema_id="did:adi:schema:later-degree-v1").record.document or b"")
    report = other.verifier.verify(document, VerifyOptions())
    assert report, [(check.name, check.code, check.detail) for check in report.failures]


def test_status_list_bytes_are_the_same_from_both(offices: tuple[Office, Office]) -> None:
    place = issue(offices[0]).record.place
    assert place is not None
    for form in ("revocation", "bitstring/revocation", "token"):
        one, other = (office.status.document(place.list_id, form) for office in offices)
        assert one.body == other.body
        assert one.etag == other.etag


def test_rates_are_counted_together(offices: tuple[Office, Office]) -> None:
    hits = [offices[number % 2].gate.hit("key:shared", 10).result(timeout=10).allowed for number in range(14)]
    assert hits == [True] * 10 + [False] * 4


def test_key_revoked_in_one_is_refused_by_the_other_at_the_next_call(offices: tuple[Office, Office]) -> None:
    one, other = offices
    key, secret = one.acts.run(
        the_operator(one),
        lambda uow, me: one.api_keys.create(uow, me, name="k", issuer_dids=[ISSUER]),
        changes_registry=True,
    )
    bearer = f"Bearer {secret.text}"
    assert other.access.authenticate(bearer, other.registry.view(other.gate.fresh_epoch().result())).actor.id
    one.acts.run(the_operator(one), lambda uow, me: one.api_keys.revoke(uow, me, key.api_key_id), changes_registry=True)
    with pytest.raises(NotSignedIn):
        other.access.authenticate(bearer, other.registry.view(other.gate.fresh_epoch().result()))
