"""A whole office over SQLite, served in this process, and callers of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sealwright.domain.people import AccountRole
from sealwright.services.office import Office
from sealwright.web.app import build_app
from tests.support.office import HOLDER, ISSUER, MovableClock, add_person, furnish, open_office, the_operator
from tests.web.client import Client

NO_LIMITS = {f"SEALWRIGHT_RATE_{name}_PER_MINUTE": "0" for name in ("ISSUE", "BATCH", "WRITE", "ACT", "READ", "PUBLIC")}


@dataclass(frozen=True)
class Served:
    """An office behind its door, with one bearer secret for each kind of caller."""

    office: Office
    client: Client
    clock: MovableClock
    admin: str
    person: str
    key: str
    holder_key: str

    def issue(self, **changes: Any) -> Any:
        """Issue a degree with the issuer's key; gives the answer's body."""
        answer = self.client.call("POST", "/api/v1/credentials/issue", {**degree(), **changes}, token=self.key)
        assert answer.status == 201, answer.body
        return answer.json()

    def audit_size(self) -> int:
        """How many audit rows there are: what a refused call must not change."""
        with self.office.units(write=False) as uow:
            return uow.audit.head().sequence


def degree() -> dict[str, Any]:
    """The documentation's request."""
    return {
        "schemaId": "did:adi:schema:university-degree-v1",
        "issuerDid": ISSUER,
        "holderDid": HOLDER,
        "claims": {"degree": {"type": "BachelorDegree", "university": "MIT", "graduationYear": 2025, "gpa": 3.8}},
        "expirationDate": "2030-12-31T23:59:59Z",
    }


def token_for(office: Office, user_id: str) -> str:
    """A personal token of somebody."""
    _, secret = office.acts.run(
        the_operator(office),
        lambda uow, me: office.people.create_token(uow, me, user_id, "test"),
        changes_registry=True,
    )
    return str(secret.text)


def key_for(office: Office, *dids: str, **options: Any) -> str:
    """An API key for some DIDs."""
    _, secret = office.acts.run(
        the_operator(office),
        lambda uow, me: office.api_keys.create(uow, me, name="test", issuer_dids=dids, **options),
        changes_registry=True,
    )
    return str(secret.text)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An office for all tests of a module; they leave it in order."""
    home = tmp_path_factory.mktemp("office")
    with serve(home, **NO_LIMITS) as one:
        yield one


class serve:  # noqa: N801 - used like a function
    """An office of one's own: ``with serve(tmp_path, SETTING=…) as served``."""

    def __init__(self, home: Path, *, is_set_up: bool = True, database_url: str | None = None, **settings: str) -> None:
        self._clock = MovableClock()
        self._is_set_up = is_set_up
        url = database_url or f"sqlite:///{home / 'office.sqlite'}"
        self._opened = open_office(url, home / "home", clock=self._clock, background=True, **settings)

    def __enter__(self) -> Served:
        office = self._opened.__enter__()
        admin = person = key = holder_key = ""
        if self._is_set_up:
            furnish(office)
            admin = token_for(office, add_person(office, "admin", AccountRole.ADMIN))
            person = token_for(office, add_person(office, "somebody"))
            key, holder_key = key_for(office, ISSUER), key_for(office, HOLDER)
        self._client = Client(build_app(office, on_startup=[], on_shutdown=[]))
        self._client.__enter__()
        return Served(office, self._client, self._clock, admin, person, key, holder_key)

    def __exit__(self, *error: Any) -> None:
        self._client.__exit__()
        self._opened.__exit__(*error)
