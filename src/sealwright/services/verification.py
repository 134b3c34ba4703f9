"""Verifying credentials and presentations for anyone: the standards floor's checks over what this office knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from sealwright.domain.dids import Custody
from sealwright.domain.errors import DomainError
from sealwright.domain.schemas import SchemaRecord
from sealwright.services.catalog_builtin import DELEGATION_SCHEMAS
from sealwright.services.delegation_chains import DelegationChains
from sealwright.services.orders import signs_for_office, vct_address
from sealwright.services.ports import Clock
from sealwright.services.registry import Registry
from sealwright.services.schema_shelf import SchemaShelf
from sealwright.services.status_lists import FORMS, PublishedList, StatusPublisher
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.delegation.chain import ChainReport, verify_chain
from sealwright.vc.delegation.judging import ActContext
from sealwright.vc.dids.resolver import DIDResolver
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import StatusListUnreadable
from sealwright.vc.proofs.jwt import JWT_ALGORITHMS
from sealwright.vc.proofs.registry import SUITES
from sealwright.vc.proofs.sd_jwt_reading import is_sd_jwt
from sealwright.vc.verification.credential import verify_credential
from sealwright.vc.verification.delegation_checks import ChainSource
from sealwright.vc.verification.presentation import PresentationReport, verify_presentation
from sealwright.vc.verification.presentation_token import TokenOccasion, verify_presentation_token
from sealwright.vc.verification.proven import ProvenMemory
from sealwright.vc.verification.report import ALL_CHECKS, VerificationReport
from sealwright.vc.verification.sd_jwt_credential import KnownType, SdJwtRules, verify_sd_jwt_credential
from sealwright.vc.verification.sources import ANY_ISSUER, ClaimsCheck, StatusSource
from sealwright.vc.verification.status_reading import StatusListMemory
from sealwright.vc.verification.token_status import TokenSource

ACCEPTED_SUITES: Final = frozenset(SUITES) | JWT_ALGORITHMS


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """What a verifier asks.

    Args:
        trusted_issuers: DIDs; None takes any issuer.
        expected_holder: The DID that the credential must be about; None expects nobody in particular.
        status_lists: Status list credentials that came with the request; ours are never taken from there.
        checks: Names of the checks asked for; None means all.
        allow_inline: Accept context objects that only add terms (VC-API routes).
        challenge: The nonce that an SD-JWT's key binding must carry; None if the verifier gave none.
        domain: The audience that it must be made for; None if that was not asked for.
        is_own_work: The issuer or the holder looks at what is kept for them: a base proof is no fault then.
        nonce: What a derived proof must be bound to; None if the verifier gave none.
        is_hop: A delegation is looked at by itself, because the chain around it is verified hop by hop.
    """

    trusted_issuers: frozenset[str] | None = None
    expected_holder: str | None = None
    status_lists: tuple[Mapping[str, JSONValue], ...] = ()
    checks: frozenset[str] | None = None
    allow_inline: bool = False
    challenge: str | None = None
    domain: str | None = None
    is_own_work: bool = False
    nonce: bytes | None = None
    is_hop: bool = False


@dataclass(frozen=True, slots=True)
class PresentationOptions:
    """What a verifier asks of a presentation; `challenge` and `domain` must be those it gave out.

    Args:
        signed: False for a presentation that carries no proof of its holder.
    """

    challenge: str | None = None
    domain: str | None = None
    trusted_issuers: frozenset[str] | None = None
    checks: frozenset[str] | None = None
    allow_inline: bool = False
    signed: bool = True


class Verifier:
    """The engine of verification. It writes nothing, and of subjects it keeps nothing but digests of chains."""

    def __init__(
        self,
        *,
        registry: Registry,
        shelf: SchemaShelf,
        resolver: DIDResolver,
        canon: Canonicalizer,
        statuses: Statuses,
        chains: DelegationChains,
        clock: Clock,
        public_url: str,
    ) -> None:
        self._resolver = resolver
        self._chains = chains
        self._canon = canon
        self._statuses = statuses
        self._schemas = _RegisteredSchemas(registry, shelf)
        self._clock = clock
        self._own_lists = f"{public_url}/status/"
        self._memory = StatusListMemory()
        self.proven = ProvenMemory(canon)
        self._own_issuers = _OwnIssuers(registry, public_url)
        self._types = _RegisteredTypes(registry, shelf, public_url)

    def verify(self, document: object, options: VerifyOptions) -> VerificationReport:
        """Verify a credential; nothing that a document can hold makes this raise."""
        if isinstance(document, str) and is_sd_jwt(document):
            return verify_sd_jwt_credential(document, self._sd_jwt_rules(options))
        return verify_credential(
            document,
            resolver=self._resolver,
            canon=self._canon,
            accepted_suites=ACCEPTED_SUITES,
            trusted_issuers=ANY_ISSUER if options.trusted_issuers is None else options.trusted_issuers,
            statuses=self._statuses,
            schemas=self._schemas,
            now=self._clock.now(),
            expected_holder=options.expected_holder,
            selected=ALL_CHECKS if options.checks is None else options.checks,
            allow_inline=options.allow_inline,
            # An old copy of a list of ours must not outvote the present one.
            handed_status_lists=[one for one in options.status_lists if not self._is_ours(one)],
            status_memory=self._memory,
            pinned=self._canon.pinned_content,
            is_own_work=options.is_own_work,
            nonce=options.nonce,
            above=None if options.is_hop else self._chains.above,
            root_may=None if options.is_hop else self._chains.root_may,
            # Agents show the same chains again and again; of nobody else's credentials is it kept that they came.
            proven=self.proven if options.is_hop else None,
        )

    def verify_chain(
        self,
        agent_did: str,
        chain: Sequence[object],
        *,
        action: str | None = None,
        context: ActContext | None = None,
    ) -> ChainReport:
        """Verify a chain of delegations, root first, each by itself and by the one above it.

        Args:
            agent_did: Who is to have the authority.
            chain: Credentials; None in the place of one that could not be had.
            action: Judge this act by every hop too.

        Raises:
            ChainRefused: No hop, more than eight, or one credential twice.
        """
        hop = VerifyOptions(is_hop=True)
        report = verify_chain(
            agent_did,
            chain,
            verify=lambda credential: self.verify(credential, hop),
            root_may=self._chains.root_may,
            now=self._clock.now(),
            action=action,
            context=context,
        )
        return self._chains.with_parties(report)

    def _sd_jwt_rules(self, options: VerifyOptions) -> SdJwtRules:
        return SdJwtRules(
            resolver=self._resolver,
            accepted=ACCEPTED_SUITES,
            trusted_issuers=ANY_ISSUER if options.trusted_issuers is None else options.trusted_issuers,
            own=self._own_issuers,
            statuses=self._statuses,
            types=self._types,
            now=self._clock.now(),
            expected_holder=options.expected_holder,
            challenge=options.challenge,
            domain=options.domain,
            selected=ALL_CHECKS if options.checks is None else options.checks,
            chain=None if options.is_hop else self._chain_source,
        )

    def _chain_source(self) -> ChainSource:
        """The chain above a delegation, whatever form each hop has; each is verified by itself."""
        hop = VerifyOptions(is_hop=True)
        chains = self._chains
        return ChainSource(chains.above, chains.root_may, lambda one: self.verify(one, hop), self._clock.now())

    def verify_presentation(self, document: object, options: PresentationOptions) -> PresentationReport:
        """Verify a presentation, an object or a compact JWT, and every credential in it."""
        if isinstance(document, str):
            return verify_presentation_token(document, self._token_occasion(options))
        return verify_presentation(
            document,
            resolver=self._resolver,
            canon=self._canon,
            accepted_suites=ACCEPTED_SUITES,
            trusted_issuers=ANY_ISSUER if options.trusted_issuers is None else options.trusted_issuers,
            statuses=self._statuses,
            schemas=self._schemas,
            now=self._clock.now(),
            challenge=options.challenge,
            domain=options.domain,
            signed=options.signed,
            selected=ALL_CHECKS if options.checks is None else options.checks,
            allow_inline=options.allow_inline,
            above=self._chains.above,
            root_may=self._chains.root_may,
        )

    def _token_occasion(self, options: PresentationOptions) -> TokenOccasion:
        inside = VerifyOptions(
            trusted_issuers=options.trusted_issuers, checks=options.checks, allow_inline=options.allow_inline
        )
        return TokenOccasion(
            resolver=self._resolver,
            accepted=JWT_ALGORITHMS,
            verify=lambda credential: self.verify(credential, inside),
            now=self._clock.now(),
            challenge=options.challenge,
            domain=options.domain,
        )

    def _is_ours(self, status_list: Mapping[str, JSONValue]) -> bool:
        return str(status_list.get("id")).startswith(self._own_lists)


class Statuses(StatusSource, TokenSource, Protocol):
    """Gives status lists in every encoding."""


class OfficeStatuses:
    """Status lists: our own from the database, as of now; others' through the guarded way out, where allowed."""

    def __init__(self, publisher: StatusPublisher, public_url: str, foreign: Statuses) -> None:
        self._publisher = publisher
        self._own = f"{public_url}/status/"
        self._foreign = foreign

    def fetch(self, url: str) -> Mapping[str, JSONValue]:
        """The status list at an address.

        Raises:
            StatusListUnreadable: It could not be had.
        """
        if not url.startswith(self._own):
            return self._foreign.fetch(url)
        document = self._published(url).document
        if document is None:
            raise StatusListUnreadable("This status list is no credential.")
        return document

    def fetch_token(self, url: str) -> str:
        """The status list token at an address.

        Raises:
            StatusListUnreadable: It could not be had.
        """
        if not url.startswith(self._own):
            return self._foreign.fetch_token(url)
        published = self._published(url)
        if published.document is not None:
            raise StatusListUnreadable("This status list is no token.")
        return published.body.decode("ascii")

    def _published(self, url: str) -> PublishedList:
        list_id, _, form = url[len(self._own) :].partition("/")
        if form not in FORMS:
            raise StatusListUnreadable("There is no such status list here.")
        try:
            return self._publisher.document(list_id, form)
        except DomainError as error:
            raise StatusListUnreadable("This status list cannot be given now.") from error


class _OwnIssuers:
    """The office's own address as an issuer: keys of its organizations' DIDs, held by nobody else, sign for it."""

    def __init__(self, registry: Registry, public_url: str) -> None:
        self._registry = registry
        self._public_url = public_url

    def speaks_for(self, issuer: str, address: str) -> bool | None:
        if issuer != self._public_url:
            return None
        did = address.partition("#")[0]
        record = self._registry.current().did(did)
        if record is None or record.did != did or not signs_for_office(record):
            return False
        return any(one.id == address and one.custody is Custody.SERVER for one in record.methods)


class _RegisteredTypes:
    """The types of SD-JWT VCs that this office publishes."""

    def __init__(self, registry: Registry, shelf: SchemaShelf, public_url: str) -> None:
        self._registry = registry
        self._shelf = shelf
        self._own = vct_address(public_url, "")

    def knows(self, vct: str) -> bool:
        return vct.startswith(self._own)

    def type_at(self, vct: str, credential_id: str | None) -> KnownType | None:
        view = self._registry.current()
        named = view.schema_called(vct[len(self._own) :])
        # A type may have been given another schema since; what was issued before keeps its own. None was issued here as
        # a delegation, so a stranger who names one of our credentials neither makes it one nor the other way round.
        issued_by = view.schema_of_credential(credential_id) if credential_id is not None else None
        delegates = not DELEGATION_SCHEMAS.isdisjoint({issued_by, named.schema_id if named is not None else None})
        record = named if issued_by is None or delegates else view.schema(issued_by)
        return KnownType(record.type, _ShownClaims(self._shelf, record)) if record is not None else None


@dataclass(frozen=True, slots=True)
class _ShownClaims:
    """Checks what a holder disclosed; that something was kept back is no fault."""

    shelf: SchemaShelf
    record: SchemaRecord

    def check(self, claims: Mapping[str, JSONValue]) -> None:
        self.shelf.partial_validator(self.record).check(dict(claims))


class _RegisteredSchemas:
    """The checks of schemas registered here, by the id that credentials name."""

    def __init__(self, registry: Registry, shelf: SchemaShelf) -> None:
        self._registry = registry
        self._shelf = shelf

    def schema_for(self, credential_schema_id: str) -> ClaimsCheck | None:
        record = self._registry.current().schema(credential_schema_id)
        return _SubjectClaims(self._shelf, record) if record is not None else None

    def partial_schema_for(self, credential_schema_id: str) -> ClaimsCheck | None:
        record = self._registry.current().schema(credential_schema_id)
        return _ShownClaims(self._shelf, record) if record is not None else None


@dataclass(frozen=True, slots=True)
class _SubjectClaims:
    """Checks the claims of a subject: what stands beside its id."""

    shelf: SchemaShelf
    record: SchemaRecord

    def check(self, claims: Mapping[str, JSONValue]) -> None:
        self.shelf.validator(self.record).check({name: value for name, value in claims.items() if name != "id"})
