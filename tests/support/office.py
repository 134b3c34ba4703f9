"""A whole office over a real database, with a clock that tests may move."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sealwright.bootstrap import build
from sealwright.domain.credentials import IdempotencyScope, IssuanceRequest
from sealwright.domain.dids import DIDKind
from sealwright.domain.people import AccountRole, Caller, operator
from sealwright.services.catalog_builtin import UNIVERSITY_DEGREE, list_builtin
from sealwright.services.dids import ImportedDID
from sealwright.services.issuing_line import Issued
from sealwright.services.office import Office
from sealwright.services.people import NewPerson
from sealwright.services.schemas import NewSchema
from sealwright.settings import load_settings
from tests.support.migrated import lay_tables

START: Final = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
PUBLIC_URL: Final = "http://127.0.0.1:8000"
ISSUER: Final = "did:adi:issuer001"
HOLDER: Final = "did:adi:holder001"
DEGREE_CLAIMS: Final[Mapping[str, object]] = {
    "degree": {"type": "BachelorDegree", "university": "MIT", "graduationYear": 2025, "gpa": 3.8}
}


# Proving the contexts of the built-in schemas takes most of furnishing an office, and comes out alike each time:
# offices of one process with one address share what was proved.
_PROVED: Final[dict[str, dict[Any, bytes]]] = {}


class MovableClock:
    """Stands still until a test moves it."""

    def __init__(self, start: datetime = START) -> None:
        self.time = start

    def now(self) -> datetime:
        return self.time

    def move(self, **parts: float) -> None:
        self.time += timedelta(**parts)


def environment(database_url: str, home: Path, **more: str) -> dict[str, str]:
    """Settings for an office of a test."""
    values = {
        "SEALWRIGHT_HOME": str(home),
        "SEALWRIGHT_DATABASE_URL": database_url,
        "SEALWRIGHT_PUBLIC_URL": PUBLIC_URL,
        **more,
    }
    if database_url.startswith("postgresql") and "SEALWRIGHT_KEK_FILE" not in values:
        values.setdefault("SEALWRIGHT_KEK", base64.b64encode(bytes(range(32))).decode("ascii"))
    return values


@contextmanager
def open_office(
    database_url: str, home: Path, *, clock: MovableClock | None = None, background: bool = False, **settings: str
) -> Iterator[Office]:
    """Build an office over a database, an SQLite file being made where there is none; it is closed at the end."""
    home.mkdir(parents=True, exist_ok=True)
    lay_tables(database_url)
    office = build(load_settings(environment(database_url, home, **settings), cwd=home), clock=clock or MovableClock())
    office.schemas._proved = _PROVED.setdefault(office.public_url, {})
    if background:
        office.start_background(False)
    try:
        yield office
    finally:
        office.close()


def the_operator(office: Office) -> Caller:
    """Whoever sits at the terminal, as of now."""
    return operator("test", epoch=office.registry.current().epoch)


def furnish(office: Office, *, schemas: int = 1) -> None:
    """Set the office up: its keys, an issuer, a holder, and the first so many built-in schemas."""
    caller = the_operator(office)
    office.acts.run(caller, lambda uow, me: office.people.initialize(uow, me, "Test Office"), changes_registry=True)
    for did, kind, name in ((ISSUER, DIDKind.ORGANIZATION, "MIT"), (HOLDER, DIDKind.HUMAN, None)):
        wish = ImportedDID(did=did, kind=kind, name=name, generate=("Ed25519Signature2020",), aliases=(f"{did}...",))
        office.acts.run(the_operator(office), _import(office, wish), changes_registry=True)
    for builtin in list_builtin()[:schemas]:
        wish_schema = NewSchema(
            name=builtin.name,
            type=builtin.type,
            schema=builtin.schema,
            version=builtin.version,
            description=builtin.description,
            schema_id=builtin.schema_id,
            credential_type=builtin.credential_type,
        )
        office.schemas.prove(wish_schema)
        office.acts.run(the_operator(office), _register(office, wish_schema), changes_registry=True)


def furnish_bare(office: Office) -> None:
    """As `furnish`, without any credential schema."""
    furnish(office, schemas=0)


def _import(office: Office, wish: ImportedDID) -> Callable[..., object]:
    return lambda uow, me: office.dids.import_did(uow, me, wish)


def _register(office: Office, wish: NewSchema) -> Callable[..., object]:
    return lambda uow, me: office.schemas.register(uow, me, wish)


def degree_request(**changes: object) -> IssuanceRequest:
    """The documentation's request, with a date that lies ahead of the test clock."""
    members: dict[str, object] = {
        "schema_id": UNIVERSITY_DEGREE,
        "issuer_did": ISSUER,
        "holder_did": HOLDER,
        "claims": DEGREE_CLAIMS,
        "expiration": datetime(2030, 12, 31, 23, 59, 59, tzinfo=UTC),
        "proof_type": "Ed25519Signature2020",
        "revocable": True,
        "suspendable": False,
        **changes,
    }
    return IssuanceRequest(**members)  # type: ignore[arg-type]


def issue(
    office: Office, caller: Caller | None = None, scope: IdempotencyScope | None = None, **changes: object
) -> Issued:
    """Issue a degree in this thread."""
    view = office.registry.current()
    order = office.issuing.check(degree_request(**changes), caller or the_operator(office), view)
    return office.issuing.issue(order, scope)


def add_person(office: Office, name: str, *roles: AccountRole) -> str:
    """Give somebody an account; gives the user id."""
    wish = NewPerson(email=f"{name}@example.org", display_name=name, roles=frozenset(roles), verified=True)
    person = office.acts.run(
        the_operator(office), lambda uow, me: office.people.create(uow, me, wish), changes_registry=True
    )
    return str(person.user_id)


def api_key_for(office: Office, *dids: str, **options: object) -> Caller:
    """Make an API key for some DIDs and come in with it."""
    _, secret = office.acts.run(
        the_operator(office),
        lambda uow, me: office.api_keys.create(uow, me, name="test", issuer_dids=dids, **options),  # type: ignore[arg-type]
        changes_registry=True,
    )
    return office.access.authenticate(f"Bearer {secret.text}", office.registry.current())
