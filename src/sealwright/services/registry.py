"""What is registered (DIDs, schemas, people, keys, halts), read through a cache that cannot go stale unseen.

Every registry change raises one number, the registry epoch, in its own transaction. A view belongs to
one epoch and remembers what it read. A call reads the epoch afresh (cheap, and shared by calls that
arrive together) and works on the view of that epoch; the act that follows compares the epoch again
inside its own transaction, under a lock, and checks everything anew if it has moved.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Final, Protocol, TypeVar, cast

from sealwright.domain.access import ApiKey, PersonalToken
from sealwright.domain.catalog import CredentialType
from sealwright.domain.delegations import Delegation
from sealwright.domain.dids import DIDRecord, KeyPurpose, StoredKey
from sealwright.domain.grants import Grant
from sealwright.domain.people import Person
from sealwright.domain.schemas import SchemaRecord
from sealwright.domain.sign_in import Session
from sealwright.services.pictures import PublicPictures, public_pictures
from sealwright.services.ports import EpochReader, Halt, UnitOfWork, UnitOfWorkFactory

V = TypeVar("V")

# A view never outgrows this many remembered answers; beyond it, the oldest half is forgotten.
VIEW_CAPACITY: Final = 50_000
REMEMBERED_NAME_MOST: Final = 1024

INITIALIZED: Final = "initialized"


class Loader(Protocol):
    """Runs one query in a unit of work."""

    def __call__(self, query: Callable[[UnitOfWork], V]) -> V: ...


class NotCached(Exception):
    """A cached-only view was asked for something that it would have to read from the database."""


class RegistryView:
    """The registry as of one epoch.

    Absence is remembered too: a thing that was not there under this epoch cannot have come without
    raising the epoch.
    """

    def __init__(self, epoch: int, load: Loader) -> None:
        self.epoch = epoch
        self._load = load
        self._known: dict[Hashable, object] = {}
        self._lock = threading.Lock()
        self._only_known = False

    def cached(self) -> RegistryView:
        """The same view, raising NotCached instead of reading the database."""
        twin = self.reading_by(self._load)
        twin._only_known = True
        return twin

    def through(self, uow: UnitOfWork) -> RegistryView:
        """The same view, with what it does not remember read through a unit of work in hand.

        That one holds the epoch's lock, or was begun after the epoch was read, and does not change the registry: what
        it reads is remembered for everybody. Callers that each held a connection and waited for one would wait on.
        """

        def load(query: Callable[[UnitOfWork], V]) -> V:
            return query(uow)

        return self.reading_by(load)

    def reading_by(self, load: Loader) -> RegistryView:
        """The same view, with what it does not remember read in another way."""
        twin = RegistryView(self.epoch, load)
        twin._known = self._known
        twin._lock = self._lock
        return twin

    def look_up(self, query: Callable[[UnitOfWork], V]) -> V:
        """What belongs to no epoch and is never remembered, read as this view reads."""
        if self._only_known:
            raise NotCached
        return self._load(query)

    def _read(self, key: Hashable, query: Callable[[UnitOfWork], V]) -> V:
        if key in self._known:
            return cast("V", self._known[key])
        if self._only_known:
            raise NotCached
        value = self._load(query)
        with self._lock:
            if len(self._known) >= VIEW_CAPACITY:
                for old in list(self._known)[: VIEW_CAPACITY // 2]:
                    del self._known[old]
            self._known[key] = value
        return value

    def _named(self, kind: str, name: str, query: Callable[[UnitOfWork], V | None]) -> V | None:
        """What is kept under a name, which may be a stranger's words.

        No database keeps U+0000, and PostgreSQL cannot even be asked for it; what is long is not remembered, so that
        strangers cannot fill the memory with names of nothing.
        """
        if "\x00" in name:
            return None
        if len(name) <= REMEMBERED_NAME_MOST:
            return self._read((kind, name), query)
        if self._only_known:
            raise NotCached
        return self._load(query)

    def did(self, reference: str) -> DIDRecord | None:
        """A DID kept here, by its id or an alias."""
        return self._named("did", reference, lambda uow: uow.dids.get(reference))

    def schema(self, schema_id: str) -> SchemaRecord | None:
        """A registered credential schema."""
        return self._named("schema", schema_id, lambda uow: uow.schemas.get(schema_id))

    def api_key(self, digest: bytes) -> ApiKey | None:
        """An API key by the digest of its secret."""
        return self._read(("api_key", digest), lambda uow: uow.api_keys.by_digest(digest))

    def api_key_called(self, api_key_id: str) -> ApiKey | None:
        """An API key by its id; for work in the background that was begun with it."""
        return self._named("api_key_called", api_key_id, lambda uow: uow.api_keys.get(api_key_id))

    def token(self, digest: bytes) -> PersonalToken | None:
        """A personal token by the digest of its secret."""
        return self._read(("token", digest), lambda uow: uow.people.token_by_digest(digest))

    def session(self, digest: bytes) -> Session | None:
        """A session by the digest of its cookie; never remembered, because sessions end without a new epoch."""
        if self._only_known:
            raise NotCached
        return self._load(lambda uow: uow.sign_ins.session(digest))

    def person(self, user_id: str) -> Person | None:
        """A person by id."""
        return self._named("person", user_id, lambda uow: uow.people.get(user_id))

    def person_by_did(self, did: str) -> Person | None:
        """Who proved to control a DID (canonical id)."""
        return self._named("person_by_did", did, lambda uow: uow.people.by_did(did))

    def type_by_schema(self, schema_id: str) -> CredentialType | None:
        """The credential type, active or retired, whose credentials carry this schema."""
        return self._named("type_by_schema", schema_id, lambda uow: uow.types.by_schema(schema_id))

    def credential_type(self, value: str) -> CredentialType | None:
        """A credential type, active or retired."""
        return self._named("credential_type", value, lambda uow: uow.types.get(value))

    def schema_called(self, name: str) -> SchemaRecord | None:
        """The schema behind a name that wallets know: a credential type's, else the newest of that name."""
        return self._named("schema_called", name, lambda uow: _schema_called(uow, name))

    def schema_of_credential(self, credential_id: str) -> str | None:
        """The schema that a stored credential was issued against; never remembered, for credentials are many."""
        if self._only_known:
            raise NotCached
        record = self._load(lambda uow: uow.credentials.get(credential_id))
        return record.schema_id if record is not None else None

    def delegation_chain(self, reference: str) -> tuple[Delegation, ...]:
        """A delegation and all above it, the root first; never remembered, because delegations change without an epoch.

        Empty where there is none, or the text names none.
        """
        if self._only_known:
            raise NotCached
        if "\x00" in reference or len(reference) > REMEMBERED_NAME_MOST:
            return ()
        return self._load(lambda uow: uow.delegations.chain(reference))

    def grant_in_force(self, user_id: str, credential_type: str, now: datetime) -> Grant | None:
        """The grant of a type that a person holds; never remembered, because grants change without a new epoch."""
        if self._only_known:
            raise NotCached
        return self._load(lambda uow: uow.grants.in_force(user_id, credential_type, now))

    def key(self, key_id: str) -> StoredKey | None:
        """A private key at rest, by its verification method."""
        return self._named("key", key_id, lambda uow: uow.keys.get(key_id))

    def system_key(self, use: KeyPurpose) -> StoredKey | None:
        """The office's own active key for a purpose."""
        return self._read(("system_key", use), lambda uow: uow.keys.system_key(use))

    def halts(self) -> tuple[Halt, ...]:
        """The stops of issuing that are in force."""
        return self._read("halts", lambda uow: uow.office.halts())

    def organization(self) -> str | None:
        """What the office calls itself, once it has been told."""
        return self._read("organization", lambda uow: uow.office.get("organization"))

    def public_pictures(self) -> PublicPictures:
        """The logo and the badges that anybody may see."""
        return self._read("public_pictures", public_pictures)

    def is_initialized(self) -> bool:
        """Tell whether the office has been set up."""
        return self._read("initialized", lambda uow: uow.office.get(INITIALIZED)) is not None


def _schema_called(uow: UnitOfWork, name: str) -> SchemaRecord | None:
    kind = uow.types.get(name)
    if kind is not None:
        return uow.schemas.get(kind.schema_id)
    # Oldest first: of several versions the newest stays.
    return next((one for one in reversed(uow.schemas.all()) if one.name == name), None)


class Registry:
    """Hands out views: one per epoch, the newest kept."""

    def __init__(self, units: UnitOfWorkFactory, epochs: EpochReader) -> None:
        self._units = units
        self._epochs = epochs
        self._lock = threading.Lock()
        self._view: RegistryView | None = None

    def view(self, epoch: int) -> RegistryView:
        """The view of an epoch that was just read.

        A reading may begin after its epoch was superseded and then sees newer rows. That is safe: acts
        compare the epoch again. The reverse, old rows under a new epoch, cannot happen, because rows
        are read after the epoch.
        """
        view = self._view
        if view is not None and view.epoch == epoch:
            return view
        with self._lock:
            if self._view is None or self._view.epoch < epoch:
                self._view = RegistryView(epoch, self._load)
            if self._view.epoch == epoch:
                return self._view
        return RegistryView(epoch, self._load)

    def current(self) -> RegistryView:
        """Read the epoch and give its view. Blocking."""
        return self.view(self._epochs.read())

    @staticmethod
    def within(uow: UnitOfWork, epoch: int) -> RegistryView:
        """A view that reads through an open unit of work; for checks at the moment of effect."""

        def load(query: Callable[[UnitOfWork], V]) -> V:
            return query(uow)

        return RegistryView(epoch, load)

    def inside(self, uow: UnitOfWork, epoch: int) -> RegistryView:
        """What is remembered of an epoch, and the rest read as `RegistryView.through` does."""
        return self.view(epoch).through(uow)

    def _load(self, query: Callable[[UnitOfWork], V]) -> V:
        with self._units(write=False) as uow:
            return query(uow)
