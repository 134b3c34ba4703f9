"""What is offered to wallets, and the documents in which they read of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sealwright.domain.catalog import CredentialType, Visibility
from sealwright.domain.dids import DIDRecord, KeyPurpose, MethodState
from sealwright.domain.errors import NotFound
from sealwright.domain.offers import Offer
from sealwright.domain.schemas import SchemaRecord
from sealwright.protocols.openid4vci.configurations import (
    FORMATS,
    ClaimText,
    CredentialKind,
    configuration_id,
    configurations,
    type_metadata,
)
from sealwright.protocols.openid4vci.metadata import issuer_metadata, jwt_vc_issuer, server_metadata
from sealwright.services.orders import signs_for_office
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import Registry, RegistryView
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.keys.jose import SIGNING_ALGORITHMS
from sealwright.vc.keys.jwk import public_jwk
from sealwright.vc.keys.multikey import decode_multikey
from sealwright.vc.proofs.registry import ISSUED_SUITES

_CLAIM_DEPTH: Final = 3


class WalletMetadata:
    """Builds the public documents from catalog and schemas; kept for as long as the registry does not change."""

    def __init__(
        self, units: UnitOfWorkFactory, registry: Registry, *, public_url: str, organization: str, locale: str
    ) -> None:
        self._units = units
        self._registry = registry
        self._public_url = public_url
        self._organization = organization
        self._locale = locale
        self._known: tuple[int, Mapping[str, CredentialKind]] | None = None

    def kinds(self) -> Mapping[str, CredentialKind]:
        """Everything that is offered, by name: credential types, and schemas that belong to none."""
        view = self._registry.current()
        if self._known is None or self._known[0] != view.epoch:
            with self._units(write=False) as uow:
                self._known = (view.epoch, self._read(uow, view.through(uow)))
        return self._known[1]

    def _read(self, uow: UnitOfWork, view: RegistryView) -> Mapping[str, CredentialKind]:
        types = uow.types.all()
        schemas = {schema.schema_id: schema for schema in uow.schemas.all()}
        typed = {kind.schema_id for kind in types}
        # Oldest first: of several versions under one name the newest stays.
        found = {one.name: self._of_schema(one) for one in schemas.values() if one.schema_id not in typed}
        badges = view.public_pictures().badges
        for kind in types:
            if (schema := schemas.get(kind.schema_id)) is not None:
                found[kind.value] = self._of_type(kind, schema, badges.get(kind.value))
        return dict(sorted(found.items()))

    def _of_type(self, kind: CredentialType, schema: SchemaRecord, badge: str | None) -> CredentialKind:
        is_public = kind.active and kind.visibility is Visibility.PUBLIC
        # What the catalog says of a type that is not on offer to everybody stays there; its schema is public anyway.
        labels = {"": kind.label, **kind.labels} if is_public else {"": schema.type[-1]}
        return CredentialKind(
            name=kind.value,
            proof_types=(kind.proof_type,),
            types=schema.type,
            context_url=schema.context_url,
            labels=labels,
            description=kind.description if is_public else schema.description,
            claims=_claims(schema),
            picture_url=f"{self._public_url}/pictures/{badge}" if is_public and badge is not None else None,
            is_granted=True,
            may_be_requested=is_public,
            locales=(self._locale,),
        )

    def _of_schema(self, schema: SchemaRecord) -> CredentialKind:
        return CredentialKind(
            name=schema.name,
            # No type says which: whoever issues by the schema alone chooses.
            proof_types=ISSUED_SUITES,
            types=schema.type,
            context_url=schema.context_url,
            labels={"": schema.type[-1]},
            description=schema.description,
            claims=_claims(schema),
            locales=(self._locale,),
        )

    # -- documents ---------------------------------------------------------------------------------

    def issuer(self) -> dict[str, JSONValue]:
        """The metadata of the credential issuer."""
        found: dict[str, JSONValue] = {}
        for kind in self.kinds().values():
            found |= configurations(kind, self._public_url)
        view = self._registry.current()
        logo = view.public_pictures().logo
        return issuer_metadata(
            self._public_url,
            name=view.organization() or self._organization,
            logo_url=f"{self._public_url}/pictures/{logo}" if logo is not None else None,
            configurations=found,
        )

    def server(self) -> dict[str, JSONValue]:
        """The metadata of the authorization server."""
        scopes = [
            configuration_id(kind.name, form)
            for kind in self.kinds().values()
            if kind.may_be_requested
            for form in FORMATS
        ]
        return server_metadata(self._public_url, scopes)

    def sd_jwt_issuer(self) -> dict[str, JSONValue]:
        """Where the keys are that sign SD-JWT VCs."""
        return jwt_vc_issuer(self._public_url)

    def vct(self, name: str) -> dict[str, JSONValue]:
        """The metadata of an SD-JWT VC type; raises NotFound."""
        kind = self.kinds().get(name)
        if kind is None:
            raise NotFound("There is no such type.")
        return type_metadata(kind, self._public_url)

    def jwks(self) -> dict[str, JSONValue]:
        """The public keys that sign in the office's name; retired ones too, for they verify what they signed.

        Keys of DIDs with an owner are not among them: whoever may export a key could sign as the office.
        """
        with self._units(write=False) as uow:
            # Each credential with a status entry has its issuer among the lists.
            issuers = {one.issuer_did for one in uow.status_lists.all()} | {one.issuer_did for one in uow.types.all()}
        view = self._registry.current()
        records = (view.did(did) for did in sorted(issuers))
        own = (record for record in records if record is not None and signs_for_office(record))
        keys: list[JSONValue] = [key for record in own for key in _issuing_keys(record)]
        return {"keys": keys}

    # -- what offers and tokens name ---------------------------------------------------------------

    def name_of(self, offer: Offer) -> str | None:
        """The name under which wallets know what an offer offers; None where they cannot know it."""
        if offer.credential_type is not None:
            return offer.credential_type if offer.credential_type in self.kinds() else None
        schema = self._registry.current().schema(offer.schema_id) if offer.schema_id is not None else None
        return schema.name if schema is not None and schema.name in self.kinds() else None

    def configurations_of(self, offer: Offer) -> tuple[str, ...]:
        """The configurations that an offer names; empty where wallets cannot take it."""
        name = self.name_of(offer)
        return tuple(configuration_id(name, form) for form in FORMATS) if name is not None else ()

    def is_known(self, configuration: str) -> bool:
        """Tell whether a configuration is offered at all."""
        name, _, form = configuration.rpartition(".")
        return form in FORMATS and name in self.kinds()


def _issuing_keys(record: DIDRecord) -> list[dict[str, JSONValue]]:
    found: list[dict[str, JSONValue]] = []
    for method in record.methods:
        is_issuing = method.use is KeyPurpose.CREDENTIALS and "assertionMethod" in method.purposes
        if not is_issuing or method.state is MethodState.COMPROMISED:
            continue
        key = decode_multikey(method.public_key_multibase)
        if key.kind in SIGNING_ALGORITHMS:
            found.append({**public_jwk(key), "kid": method.id, "alg": SIGNING_ALGORITHMS[key.kind], "use": "sig"})
    return found


def _claims(schema: SchemaRecord) -> tuple[ClaimText, ...]:
    content = parse_json(schema.content)
    found: list[ClaimText] = []
    if isinstance(content, dict):
        _gather(content, (), found, is_certain=True)
    return tuple(found)


def _gather(node: Mapping[str, JSONValue], path: tuple[str, ...], found: list[ClaimText], *, is_certain: bool) -> None:
    """Walk the members of a JSON Schema; a member is certain where it and all around it are required."""
    properties, required = node.get("properties"), node.get("required")
    if not isinstance(properties, dict) or len(path) == _CLAIM_DEPTH:
        return
    needed = required if isinstance(required, list) else []
    for name, rule in properties.items():
        inner = rule if isinstance(rule, dict) else {}
        title = inner.get("title")
        must = is_certain and name in needed
        found.append(ClaimText((*path, name), title if isinstance(title, str) else None, must))
        _gather(inner, (*path, name), found, is_certain=must)
