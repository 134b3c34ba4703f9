"""DIDs that this office keeps, as rows: the newest version, every name, every key, every version."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.dids import DIDKind, DIDRecord, DIDState, DIDVersion, MethodRecord, ServiceRecord
from sealwright.domain.errors import DIDExists, KeyInUse, VersionConflict
from sealwright.domain.people import UserId
from sealwright.services.ports import Page
from sealwright.storage.column_types import moment_of, seconds_of
from sealwright.storage.cursors import dated_cursor, dated_key
from sealwright.storage.driver_text import DriverText
from sealwright.storage.errors import AlreadyTaken
from sealwright.storage.json_columns import read_texts
from sealwright.storage.tables import did_names, did_public_keys, did_versions, dids
from sealwright.storage.transaction import Transaction

_METHODS: Final = msgspec.json.Decoder(tuple[MethodRecord, ...])
_SERVICES: Final = msgspec.json.Decoder(tuple[ServiceRecord, ...])

_LIST: Final = "d"

_DID: Final = sa.select(
    dids.c.did,
    dids.c.method,
    dids.c.kind,
    dids.c.name,
    dids.c.state,
    dids.c.controller,
    dids.c.operator,
    dids.c.owner_user_id,
    dids.c.aliases,
    dids.c.methods,
    dids.c.services,
    dids.c.document,
    dids.c.version,
    dids.c.created_at,
    dids.c.updated_at,
    dids.c.deactivated_at,
)
_BY_NAME: Final = _DID.join(did_names, did_names.c.did == dids.c.did).where(did_names.c.name == sa.bindparam("name"))
_NEWEST_FIRST: Final = _DID.order_by(dids.c.created_at.desc(), dids.c.did.desc())
_VERSIONS: Final = (
    sa.select(did_versions.c.did, did_versions.c.version, did_versions.c.document, did_versions.c.at)
    .where(did_versions.c.did == sa.bindparam("did"))
    .order_by(did_versions.c.version)
)
_KEYS_OF: Final = sa.select(did_public_keys.c.public_key_multibase).where(did_public_keys.c.did == sa.bindparam("did"))
_NAMES_OF: Final = sa.select(did_names.c.name).where(did_names.c.did == sa.bindparam("did"))
_STATES: Final = DriverText.of(
    "SELECT n.name, d.did, d.state FROM did_names n JOIN dids d ON d.did = n.did WHERE n.name = ANY(%s)"
)
_UPDATE: Final = sa.update(dids).where(dids.c.did == sa.bindparam("id"), dids.c.version == sa.bindparam("expected"))


class StoredDIDs:
    """DIDs in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def get(self, did_or_alias: str) -> DIDRecord | None:
        """Find a DID by its id or by one of its aliases."""
        row = self._transaction.row(_BY_NAME, {"name": did_or_alias})
        return None if row is None else _record(row)

    def add(self, record: DIDRecord) -> None:
        """Store a new DID with its names, keys and first version.

        Raises:
            DIDExists: The id or an alias is taken, as an id or as an alias.
            KeyInUse: Another DID holds or held one of the public keys.
        """
        self._transaction.raise_epoch()
        try:
            self._transaction.change(sa.insert(dids), {"did": record.did, **_values(record)})
        except AlreadyTaken:
            raise DIDExists(f"{record.did} is taken.") from None
        self._add_names(record, known=frozenset())
        self._add_keys(record, known=frozenset())
        self._add_version(record)

    def states(self, references: Collection[str]) -> Mapping[str, tuple[str, bool]]:
        """Of DIDs and aliases those that are kept here: reference → (canonical id, still active)."""
        # No database keeps U+0000, and PostgreSQL cannot even be asked for it.
        asked = [one for one in references if "\x00" not in one]
        found = _STATES.rows(self._transaction, asked) if asked else ()
        return {name: (did, state == DIDState.ACTIVE.value) for name, did, state in found}

    def update(self, record: DIDRecord) -> None:
        """Store the next version.

        Raises:
            VersionConflict: The version before this one is not the one that is stored.
            DIDExists: A new alias is taken.
            KeyInUse: Another DID holds or held a new public key.
        """
        self._transaction.raise_epoch()
        statement = _UPDATE.values(_values(record))
        if self._transaction.change(statement, {"id": record.did, "expected": record.version - 1}) != 1:
            raise VersionConflict("This DID was changed in the meantime.")
        key = {"did": record.did}
        self._add_names(record, known=frozenset(row[0] for row in self._transaction.rows(_NAMES_OF, key)))
        self._add_keys(record, known=frozenset(row[0] for row in self._transaction.rows(_KEYS_OF, key)))
        self._add_version(record)

    def versions(self, did: str) -> tuple[DIDVersion, ...]:
        """List every version of a DID's document, oldest first."""
        rows = self._transaction.rows(_VERSIONS, {"did": did})
        return tuple(DIDVersion(row.did, row.version, row.document, row.at) for row in rows)

    def list(self, *, owner: str | None, limit: int, cursor: str | None, only_agents: bool = False) -> Page[DIDRecord]:
        """List DIDs, newest first.

        Raises:
            InvalidPagination: The cursor is not of this list.
        """
        statement = _NEWEST_FIRST.limit(limit + 1)
        if owner is not None:
            statement = statement.where(dids.c.owner_user_id == owner)
        if only_agents:
            # Spelled out, as the index of agents has it: with a parameter it could not be used.
            statement = statement.where(sa.text("dids.kind = 'agent'"))
        if cursor is not None:
            seconds, did = dated_key(_LIST, cursor)
            behind = sa.tuple_(dids.c.created_at, dids.c.did) < sa.tuple_(
                sa.literal(moment_of(seconds), dids.c.created_at.type), sa.literal(did, dids.c.did.type)
            )
            statement = statement.where(behind)
        found = [_record(row) for row in self._transaction.rows(statement)]
        items = tuple(found[:limit])
        more = len(found) > limit and items
        return Page(items, dated_cursor(_LIST, seconds_of(items[-1].created_at), items[-1].did) if more else None)

    def _add_names(self, record: DIDRecord, *, known: frozenset[str]) -> None:
        # A name that was given up stays taken: an old document may still use it.
        names = sorted({record.did, *record.aliases} - known)
        if not names:
            return
        try:
            self._transaction.change(sa.insert(did_names), [{"name": name, "did": record.did} for name in names])
        except AlreadyTaken:
            raise DIDExists("This DID or alias is taken.") from None

    def _add_keys(self, record: DIDRecord, *, known: frozenset[str]) -> None:
        keys = sorted({method.public_key_multibase for method in record.methods} - known)
        if not keys:
            return
        rows = [{"public_key_multibase": key, "did": record.did} for key in keys]
        try:
            self._transaction.change(sa.insert(did_public_keys), rows)
        except AlreadyTaken:
            raise KeyInUse("Another DID holds this public key.") from None

    def _add_version(self, record: DIDRecord) -> None:
        self._transaction.change(
            sa.insert(did_versions),
            {"did": record.did, "version": record.version, "document": record.document, "at": record.updated_at},
        )


def _values(record: DIDRecord) -> dict[str, object]:
    return {
        "method": record.method,
        "kind": record.kind.value,
        "name": record.name,
        "state": record.state.value,
        "controller": record.controller,
        "operator": record.operator,
        "owner_user_id": record.owner_user_id,
        "aliases": msgspec.json.encode(record.aliases).decode(),
        "methods": msgspec.json.encode(record.methods).decode(),
        "services": msgspec.json.encode(record.services).decode(),
        "document": record.document,
        "version": record.version,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "deactivated_at": record.deactivated_at,
    }


def _record(row: Row[Any]) -> DIDRecord:
    return DIDRecord(
        did=row.did,
        method=row.method,
        kind=DIDKind(row.kind),
        name=row.name,
        state=DIDState(row.state),
        controller=row.controller,
        operator=row.operator,
        owner_user_id=None if row.owner_user_id is None else UserId(row.owner_user_id),
        aliases=read_texts(row.aliases),
        methods=_METHODS.decode(row.methods),
        services=_SERVICES.decode(row.services),
        document=row.document,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
        deactivated_at=row.deactivated_at,
    )
