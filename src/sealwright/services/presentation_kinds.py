"""Which credentials a verifier may ask wallets for, and how each form spells the question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sealwright.domain.catalog import CredentialType, Visibility
from sealwright.domain.errors import MalformedBody, TypeNotFound
from sealwright.domain.people import AccountRole, Caller
from sealwright.domain.schemas import SchemaRecord
from sealwright.protocols.openid4vp.asking import Asked
from sealwright.services.orders import vct_address
from sealwright.services.ports import UnitOfWork
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import Fault, UnreadableJSON

_EVERY_CREDENTIAL: Final = "https://www.w3.org/2018/credentials#VerifiableCredential"
CLAIMS_MOST: Final = 64


@dataclass(frozen=True, slots=True)
class AskableKind:
    """A kind of credential that can be asked for.

    Args:
        name: The credential type's value, or the name of a credential schema that belongs to none.
        schemas: Every version of its credential schema, oldest first.
    """

    name: str
    type: CredentialType | None
    schemas: tuple[SchemaRecord, ...]

    @property
    def claims(self) -> tuple[str, ...]:
        """Names of the claims at the top of its newest schema."""
        return tuple(dict.fromkeys(_claim_names(self.schemas[-1])))

    def label_in(self, language: str) -> str:
        """What people read."""
        return self.type.label_in(language) if self.type is not None else self.schemas[-1].type[-1]


def askable_kinds(uow: UnitOfWork, caller: Caller | None, *, sees_all: bool = False) -> tuple[AskableKind, ...]:
    """What this caller may ask for: reviewers every type, others those that anyone may ask for; schemas of no type.

    Args:
        sees_all: Everything, whoever asks: for requests that were made before.
    """
    sees_all = sees_all or (caller is not None and caller.has_role(AccountRole.ISSUER))
    schemas = uow.schemas.all()
    types = {one.value: one for one in uow.types.all()}
    grouped: dict[str, list[SchemaRecord]] = {}
    by_schema = {one.schema_id: one.value for one in types.values()}
    for record in schemas:
        value = by_schema.get(record.schema_id) or record.credential_type
        grouped.setdefault(value if value in types else f"\0{record.name}", []).append(record)
    found = []
    for key, records in grouped.items():
        kind = types.get(key)
        if kind is not None and not (sees_all or (kind.active and kind.visibility is Visibility.PUBLIC)):
            continue
        if kind is None and not (sees_all or any(one.active for one in records)):
            continue
        found.append(AskableKind(key.removeprefix("\0"), kind, tuple(records)))
    return tuple(sorted(found, key=lambda one: (one.type is None, one.name)))


def kind_named(kinds: Sequence[AskableKind], name: str) -> AskableKind:
    """The kind of this name, or the one whose documents carry it as a type.

    Raises:
        TypeNotFound: None that this caller may ask for.
    """
    for one in kinds:
        if one.name == name:
            return one
    for one in kinds:
        if any(name in record.type for record in one.schemas):
            return one
    raise TypeNotFound("No such credential type.")


def require_claims(kind: AskableKind, claims: Sequence[str]) -> tuple[str, ...]:
    """The claims that are asked for, each once.

    Raises:
        MalformedBody: One that such a credential does not have.
    """
    wanted = tuple(dict.fromkeys(claims))
    known = frozenset(kind.claims)
    for index, one in enumerate(wanted):
        if one not in known:
            detail = "Such credentials have no claim of this name."
            raise MalformedBody(detail, faults=[Fault(f"/claims/{index}", "INVALID_VALUE", detail)])
    return wanted


def asked_of(kind: AskableKind, claims: Sequence[str], public_url: str) -> Asked:
    """The question in the spellings of every form."""
    return Asked(
        vct=(vct_address(public_url, kind.name),),
        types=tuple((_EVERY_CREDENTIAL, *_type_names(record)) for record in kind.schemas),
        claims=tuple(claims),
    )


def is_of_kind(kind: AskableKind, types: Sequence[str], contexts: Sequence[JSONValue]) -> bool:
    """Tell whether a document is of a kind: it names the schema's types, and the context that says what they mean."""
    return any(set(record.type) <= set(types) and record.context_url in contexts for record in kind.schemas)


def _type_names(record: SchemaRecord) -> tuple[str, ...]:
    """The full spelling of a schema's types, from its context."""
    terms = _object(record.context).get("@context")
    definitions = terms if isinstance(terms, dict) else {}
    spelled = []
    for name in record.type:
        definition = definitions.get(name)
        address = definition.get("@id") if isinstance(definition, dict) else definition
        spelled.append(address if isinstance(address, str) else name)
    return tuple(spelled)


def _claim_names(record: SchemaRecord) -> tuple[str, ...]:
    members = _object(record.content).get("properties")
    return tuple(members)[:CLAIMS_MOST] if isinstance(members, dict) else ()


def _object(content: bytes) -> Mapping[str, JSONValue]:
    try:
        value = parse_json(content)
    except UnreadableJSON:
        return {}
    return value if isinstance(value, dict) else {}
