"""What is registered, as the services need it from the store: people, API keys, DIDs, keys at rest, schemas.

Whatever changes here raises the registry epoch, so that whoever checked under an older one checks again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from sealwright.domain.access import ApiKey, PersonalToken
from sealwright.domain.dids import DIDRecord, DIDVersion, KeyPurpose, StoredKey
from sealwright.domain.people import Person
from sealwright.domain.schemas import SchemaRecord
from sealwright.services.desk_ports import NumberedPage

if TYPE_CHECKING:
    from sealwright.services.ports import Page


class People(Protocol):
    """People with their roles and personal tokens."""

    def get(self, user_id: str) -> Person | None: ...
    def by_email(self, email: str) -> Person | None: ...
    def add(self, person: Person) -> None:
        """Raises EmailInUse, UserExists."""

    def update(self, person: Person) -> None:
        """Replace the row whose version is one less; raises VersionConflict."""

    def list(self, *, role: str | None = None, search: str | None = None) -> tuple[Person, ...]: ...
    def search(self, text: str, *, role: str | None, page: int, count: int) -> NumberedPage[Person]:
        """Part of name or e-mail, prefix of user id, DID or wallet address, folded; an empty text means everybody."""

    def by_wallet(self, address: str) -> Person | None:
        """Whose verified wallet this is, whatever its case."""

    def by_did(self, did: str) -> Person | None:
        """Who proved to control this DID (canonical id)."""

    def get_many(self, user_ids: Sequence[str]) -> Mapping[str, Person]: ...
    def with_role(self, role: str) -> tuple[Person, ...]:
        """Active people with an approved account role."""

    def count_active_admins(self) -> int: ...
    def token_by_digest(self, digest: bytes) -> PersonalToken | None: ...
    def token(self, token_id: str) -> PersonalToken | None: ...
    def tokens_of(self, user_id: str) -> tuple[PersonalToken, ...]: ...
    def add_token(self, token: PersonalToken) -> None: ...
    def revoke_token(self, token_id: str, at: datetime) -> bool:
        """False if it was revoked already or is unknown."""


class ApiKeys(Protocol):
    """API keys."""

    def get(self, api_key_id: str) -> ApiKey | None: ...
    def by_digest(self, digest: bytes) -> ApiKey | None: ...
    def add(self, key: ApiKey) -> None: ...
    def revoke(self, api_key_id: str, at: datetime) -> bool:
        """False if it was revoked already (at or before `at`) or is unknown."""

    def list(self, *, owner: str | None) -> tuple[ApiKey, ...]:
        """All keys, or one owner's; newest first."""

    def touch(self, uses: Mapping[str, datetime]) -> None:
        """Record last uses by key id; does not raise the registry epoch."""


class DIDs(Protocol):
    """DIDs that this office keeps."""

    def get(self, did_or_alias: str) -> DIDRecord | None: ...
    def add(self, record: DIDRecord) -> None:
        """Raises DIDExists (id or alias taken), KeyInUse (a public key of another DID)."""

    def states(self, references: Collection[str]) -> Mapping[str, tuple[str, bool]]:
        """Of DIDs and aliases those that are kept here: reference → (canonical id, still active)."""

    def update(self, record: DIDRecord) -> None:
        """Store the next version; raises VersionConflict unless `record.version - 1` is stored, and KeyInUse."""

    def versions(self, did: str) -> tuple[DIDVersion, ...]: ...
    def list(self, *, owner: str | None, limit: int, cursor: str | None, only_agents: bool = False) -> Page[DIDRecord]:
        """Newest first; raises InvalidPagination for a cursor that is not ours."""


class Keys(Protocol):
    """Private keys at rest."""

    def get(self, key_id: str) -> StoredKey | None: ...
    def add(self, key: StoredKey) -> None: ...
    def replace(self, key: StoredKey) -> None:
        """Change sealed bytes, KEK id, state or not_after of a key by its id."""

    def system_key(self, use: KeyPurpose) -> StoredKey | None:
        """The active key of the office itself for a purpose."""

    def list(self) -> tuple[StoredKey, ...]: ...


class Schemas(Protocol):
    """Credential schemas."""

    def get(self, schema_id: str) -> SchemaRecord | None: ...
    def by_name(self, name: str, version: str) -> SchemaRecord | None: ...
    def add(self, record: SchemaRecord) -> None:
        """Raises SchemaExists (id, or name and version)."""

    def update(self, record: SchemaRecord) -> None:
        """Change `restricted`, `allowed_issuers` and `active`; nothing else ever changes."""

    def list(self, *, active: bool | None, limit: int, cursor: str | None) -> Page[SchemaRecord]: ...
    def all(self) -> tuple[SchemaRecord, ...]:
        """Every schema, oldest first; their contexts are registered from it at start and on first sight."""
