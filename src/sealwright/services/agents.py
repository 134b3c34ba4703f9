"""Agents: DIDs of programs that act for others, with what their operators say about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.delegations import AgentProfile
from sealwright.domain.dids import DIDKind, DIDRecord, ServiceRecord
from sealwright.domain.errors import DIDDeactivated, DIDRecordNotFound, MalformedBody
from sealwright.domain.people import Caller
from sealwright.protocols.didcomm.endpoints import SERVICE_TYPE as MESSAGING
from sealwright.services.agent_cards import CARD, LISTING_METHODS, card_address, card_of, card_service
from sealwright.services.card_signing import CardSigning
from sealwright.services.delegation_ground import DelegationGround
from sealwright.services.dids import DEFAULT_PROOF_TYPES, DIDChanges, NewDID
from sealwright.services.holder_signing import token_method
from sealwright.services.ports import Page, UnitOfWork
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import Fault

FIRST_VERSION: Final = "1.0"
_OWN_TYPES: Final = frozenset({CARD, MESSAGING})


@dataclass(frozen=True, slots=True)
class NewAgent:
    """A wish for an agent whose keys are made and kept here.

    Args:
        operator: Who answers for it: a DID kept here that is no agent, and the caller's.
        model: ``provider`` and ``modelName``, perhaps ``modelVersion``.
        capabilities: What it can do, in its operator's words.
        version: Of the agent itself, not of its model.
        services: Where it is found; their ids are fragments with ``#``.
        owner: The user id of who controls it, where the operator of the office makes it.
    """

    name: str
    operator: str
    description: str | None = None
    model: Mapping[str, JSONValue] | None = None
    capabilities: tuple[str, ...] = ()
    version: str = FIRST_VERSION
    services: tuple[ServiceRecord, ...] = ()
    proof_types: tuple[str, ...] = DEFAULT_PROOF_TYPES
    method: str = "adi"
    path: str | None = None
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class AgentChanges:
    """What an update changes; None leaves a member as it is."""

    name: str | None = None
    description: str | None = None
    model: Mapping[str, JSONValue] | None = None
    capabilities: tuple[str, ...] | None = None
    version: str | None = None
    services: tuple[ServiceRecord, ...] | None = None


@dataclass(frozen=True, slots=True)
class AgentView:
    """An agent as it is shown.

    Args:
        card_url: Where its card stands; None once it is decommissioned.
    """

    record: DIDRecord
    profile: AgentProfile
    card_url: str | None

    @property
    def services(self) -> tuple[ServiceRecord, ...]:
        """Where its operator says that it is found; what the office lists by itself is left out."""
        return tuple(service for service in self.record.services if service.type not in _OWN_TYPES)


@dataclass(frozen=True, slots=True)
class Decommissioned:
    """An agent that was ended.

    Args:
        invalidated: Delegations that give no authority any more: those to it, and all below them.
        active_credentials: Credentials in force that it has issued.
    """

    agent: AgentView
    invalidated: int
    active_credentials: int


class AgentDesk:
    """Makes, shows, changes and ends agents. Every writing method needs the registry lock."""

    def __init__(self, ground: DelegationGround) -> None:
        self._units = ground.units
        self._access = ground.access
        self._dids = ground.dids
        self._clock = ground.clock
        self._public_url = ground.public_url
        self._card_signing = CardSigning(ground.keys, ground.clock)

    def create(self, uow: UnitOfWork, caller: Caller, wish: NewAgent) -> AgentView:
        """Make an agent.

        Raises:
            RoleRequired: Not a person, nor the office's operator.
            MalformedBody: The operator is not kept here, an agent itself or deactivated; a service under a name that
                is taken; services for a DID whose document has none.
            NotDIDOwner: The operator is somebody else's: nobody is made to answer for a program they do not know.
            As `DIDDesk.create`.
        """
        caller.require_person()
        operator = uow.dids.get(wish.operator)
        if operator is None or not operator.is_active or operator.kind is DIDKind.AGENT:
            raise _refused("/operator", "must be an active DID kept here that is no agent")
        self._access.require_owner(caller, operator)
        if wish.services and wish.method not in LISTING_METHODS:
            raise _refused("/services", f"cannot be listed: the document of a did:{wish.method} never changes")
        _require_apart(wish.services)
        record = self._dids.create(
            uow,
            caller,
            NewDID(
                method=wish.method,
                kind=DIDKind.AGENT,
                name=wish.name,
                proof_types=wish.proof_types,
                operator=operator.did,
                path=wish.path,
                owner=wish.owner,
                listed=lambda did: self._listed(did, wish.services),
            ),
        )
        profile = AgentProfile(
            did=record.did,
            description=wish.description,
            model=wish.model,
            capabilities=wish.capabilities,
            version=wish.version,
            updated_at=record.created_at,
        )
        uow.delegations.put_profile(profile)
        return self._view(record, profile)

    def update(self, uow: UnitOfWork, caller: Caller, did: str, changes: AgentChanges) -> AgentView:
        """Change what is said of an agent.

        Raises:
            DIDRecordNotFound: No agent that is kept here.
            NotDIDOwner, DIDDeactivated: By whose it is, and whether it still acts.
            DIDImmutable: Its name or services, of a DID whose document never changes.
            MalformedBody: As `create`.
        """
        record = self._own(uow, caller, did)
        before = self._profile(uow, record)
        if changes.name is not None or changes.services is not None:
            record = self._dids.update(uow, caller, record.did, self._did_changes(record, changes))
        profile = replace(
            before,
            description=changes.description if changes.description is not None else before.description,
            model=changes.model if changes.model is not None else before.model,
            capabilities=changes.capabilities if changes.capabilities is not None else before.capabilities,
            version=changes.version if changes.version is not None else before.version,
        )
        if profile != before:
            profile = replace(profile, updated_at=self._clock.now())
            uow.delegations.put_profile(profile)
            self._record(uow, caller, record, before, profile)
        return self._view(record, profile)

    def decommission(self, uow: UnitOfWork, caller: Caller, did: str) -> Decommissioned:
        """End an agent for ever: its keys open nothing, and what was delegated to it or by it gives no authority.

        Raises:
            DIDRecordNotFound, NotDIDOwner: No agent kept here, or somebody else's.
            AlreadyDeactivated: It is ended.
        """
        record = self._agent(uow, did)
        invalidated = self._resting_on(uow, record.did)
        ended, credentials = self._dids.deactivate(uow, caller, record.did)
        return Decommissioned(self._view(ended, self._profile(uow, ended)), invalidated, credentials)

    def affected(self, did: str) -> tuple[int, int]:
        """How many delegations and own credentials ending an agent would touch; raises DIDRecordNotFound."""
        with self._units(write=False) as uow:
            record = self._agent(uow, did)
            return self._resting_on(uow, record.did), uow.credentials.count_active(record.did, self._clock.now())

    def get(self, did: str) -> AgentView:
        """An agent kept here, by id or alias; raises DIDRecordNotFound."""
        with self._units(write=False) as uow:
            record = self._agent(uow, did)
            return self._view(record, self._profile(uow, record))

    def own(self, caller: Caller, did: str) -> AgentView:
        """An agent that the caller controls; somebody else's looks as if it were missing. Raises DIDRecordNotFound."""
        view = self.get(did)
        if caller.is_key or not self._access.may_act_for(caller, view.record):
            raise DIDRecordNotFound(f"{did} is no agent that is kept here.")
        return view

    def list(self, caller: Caller, *, limit: int, cursor: str | None) -> Page[AgentView]:
        """The caller's agents, newest first: those of a person, those a key is bound to, all for an admin.

        Raises:
            RoleRequired, AccountInactive: A person who is none, or no longer.
            InvalidPagination: A cursor that is not ours.
        """
        with self._units(write=False) as uow:
            if caller.is_key:
                found = [uow.dids.get(did) for did in sorted(caller.issuer_dids)]
                records = [one for one in found if one is not None and one.kind is DIDKind.AGENT]
                page = Page(tuple(records), None)
            else:
                person = caller.require_person()
                owner = None if caller.is_admin or person is None else person.user_id
                page = uow.dids.list(owner=owner, limit=limit, cursor=cursor, only_agents=True)
            profiles = uow.delegations.profiles([record.did for record in page.items])
            views = (self._view(one, profiles.get(one.did) or _plain(one)) for one in page.items)
            return Page(tuple(views), page.next_cursor)

    def card(self, did: str) -> dict[str, JSONValue]:
        """What anybody may read about an agent that still acts, signed where its key is kept here.

        Raises:
            DIDRecordNotFound: No agent that is kept here, or one that is ended.
        """
        with self._units(write=False) as uow:
            record = self._agent(uow, did)
            if not record.is_active:
                raise DIDRecordNotFound(f"{record.did} has no card any more.")
            operator = uow.dids.get(record.operator) if record.operator is not None else None
            card = card_of(record, self._profile(uow, record), operator, self._public_url)
            method = token_method(record)
            key = uow.keys.get(method.key_id) if method is not None else None
        # A key store may take its time, and nothing of the database is needed for it.
        return self._card_signing.signed(card, method, key)

    # -- parts -------------------------------------------------------------------------------------

    @staticmethod
    def _agent(uow: UnitOfWork, did: str) -> DIDRecord:
        record = uow.dids.get(did)
        if record is None or record.kind is not DIDKind.AGENT:
            raise DIDRecordNotFound(f"{did} is no agent that is kept here.")
        return record

    def _own(self, uow: UnitOfWork, caller: Caller, did: str) -> DIDRecord:
        record = self._agent(uow, did)
        self._access.require_owner(caller, record)
        if not record.is_active:
            raise DIDDeactivated(f"{record.did} is decommissioned.")
        return record

    @staticmethod
    def _profile(uow: UnitOfWork, record: DIDRecord) -> AgentProfile:
        return uow.delegations.profiles([record.did]).get(record.did) or _plain(record)

    def _view(self, record: DIDRecord, profile: AgentProfile) -> AgentView:
        return AgentView(record, profile, card_address(self._public_url, record.did) if record.is_active else None)

    def _listed(self, did: str, services: tuple[ServiceRecord, ...]) -> tuple[ServiceRecord, ...]:
        named = tuple(replace(service, id=did + service.id) for service in services)
        return (card_service(self._public_url, did), *named)

    def _did_changes(self, record: DIDRecord, changes: AgentChanges) -> DIDChanges:
        if changes.services is None:
            return DIDChanges(name=changes.name)
        _require_apart(changes.services)
        messaging = tuple(service for service in record.services if service.type == MESSAGING)
        return DIDChanges(name=changes.name, services=(*self._listed(record.did, changes.services), *messaging))

    def _resting_on(self, uow: UnitOfWork, did: str) -> int:
        """Delegations in force to an agent, and those below them."""
        now = self._clock.now()
        held = [one for one in uow.delegations.chains_to([did]) if one.delegate_did == did]
        return sum(1 + uow.delegations.count_below(one.delegation_id, now) for one in held)

    def _record(
        self, uow: UnitOfWork, caller: Caller, record: DIDRecord, before: AgentProfile, after: AgentProfile
    ) -> None:
        members = ("description", "model", "capabilities", "version")
        changed = [name for name in members if getattr(before, name) != getattr(after, name)]
        uow.audit.append(
            AuditEntry(
                actor=caller.actor,
                request_id=caller.request_id,
                action="did.updated",
                object_type="did",
                object_id=record.did,
                at=self._clock.now(),
                after={"state": record.state.value, "version": record.version},
                data={"profile": changed},
            )
        )


def _plain(record: DIDRecord) -> AgentProfile:
    """The profile of an agent about which nothing was ever said."""
    return AgentProfile(record.did, None, None, (), FIRST_VERSION, record.created_at)


def _require_apart(services: tuple[ServiceRecord, ...]) -> None:
    """Refuse services of one name, and those that the office lists by itself; raises MalformedBody."""
    seen: set[str] = set()
    for index, service in enumerate(services):
        if service.type in _OWN_TYPES:
            raise _refused(f"/services/{index}/type", "is listed by the office itself")
        if (
            service.id in seen
            or service.id in ("#agent-card", "#didcomm")
            or service.id.startswith(("#key-", "#status-"))
        ):
            raise _refused(f"/services/{index}/id", "is taken")
        seen.add(service.id)


def _refused(pointer: str, detail: str) -> MalformedBody:
    return MalformedBody("The agent cannot be kept as described.", faults=[Fault(pointer, "INVALID_VALUE", detail)])
