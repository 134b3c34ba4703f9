"""Offers as issuers and holders make, read and end them (contract, section 2.3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final
from urllib.parse import quote

from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.delivering import LONGEST_WAIT, WAITED_OFFER, OfferWish, has_claim_link
from sealwright.domain.delivery_errors import NoDidcommEndpoint, NotDeliverable, OfferNotFound
from sealwright.domain.dids import DIDRecord
from sealwright.domain.errors import CredentialNotFound, GrantNotFound, RequestNotFound, StateConflict
from sealwright.domain.grants import Grant
from sealwright.domain.ids import new_id
from sealwright.domain.offers import TX_CODE_TRIES, Offer, OfferChannel, OfferState
from sealwright.domain.people import Caller, Person
from sealwright.domain.requests import RequestState
from sealwright.services.access import Access, owned_dids
from sealwright.services.delivery_ports import OfferFilter
from sealwright.services.did_keys import may_message
from sealwright.services.mailing import MailingDesk
from sealwright.services.offer_effects import expire_offer
from sealwright.services.offer_letters import OfferLetters, address_for, claim_address, write_offer_letter
from sealwright.services.offer_moves import OfferMoves, offer_event, require_deliverable
from sealwright.services.offer_values import DidcommOffers, HeldOffer, MadeOffer
from sealwright.services.office_secrets import OfficeSecrets, secret_digest
from sealwright.services.ports import Clock, Page, UnitOfWork, UnitOfWorkFactory

EXPIRE_AT_MOST: Final = 200
_MISSING: Final = "There is no such offer."
_NO_DIDCOMM: Final = "This office sends no DIDComm messages."


class OfferDesk:
    """Deliveries that wait to be redeemed. Nothing here asks the network.

    Attributes:
        didcomm: Carries the channel `didcomm`; joined after both exist, None where the office has no such desk.
    """

    didcomm: DidcommOffers | None

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        access: Access,
        secrets: OfficeSecrets,
        moves: OfferMoves,
        mailing: MailingDesk,
        clock: Clock,
        public_url: str,
        ttl: timedelta,
    ) -> None:
        self._units = units
        self._access = access
        self._secrets = secrets
        self._moves = moves
        self._mailing = mailing
        self._clock = clock
        self._public_url = public_url
        self._ttl = ttl
        self.didcomm = None
        mailing.linked = OfferLetters(secrets, clock, public_url)

    # -- making ------------------------------------------------------------------------------------

    def judge(self, holder_did: str | None, wish: OfferWish, *, issuer: DIDRecord | None = None) -> None:
        """Ask what no unit of work may ask; doors do so before they make an offer.

        Raises:
            NoDidcommEndpoint: The channel is `didcomm`, and the holder takes no messages, or the issuer sends none.
        """
        if wish.channel is OfferChannel.DIDCOMM:
            if self.didcomm is None or holder_did is None:
                raise NoDidcommEndpoint(_NO_DIDCOMM)
            if issuer is not None:
                _require_sender(issuer)
            self.didcomm.require_endpoint(holder_did)

    def foresee(self, holder_did: str, wish: OfferWish, issuer: DIDRecord | None = None) -> None:
        """Judge an offer of a credential that is not issued yet, so that none is issued for a delivery that fails.

        Raises:
            NoDidcommEndpoint, MissingMember, MalformedBody: By channel.
        """
        self.judge(holder_did, wish, issuer=issuer)
        if wish.channel is OfferChannel.EMAIL:
            with self._units(write=False) as uow:
                address_for(uow, _person_of(uow, holder_did), wish)

    def after_issue(self, uow: UnitOfWork, caller: Caller, credential_id: str, wish: OfferWish) -> MadeOffer | None:
        """The offer that issuing makes, once; None where the credential has ended before it could be offered."""
        try:
            return self.offer(uow, caller, credential_id, wish, origin=issue_origin(credential_id))
        except NotDeliverable:
            return None

    def judge_own(self, caller: Caller, grant_id: str, wish: OfferWish) -> None:
        """As `judge`, for the caller's own grant; what is refused otherwise is refused by the act."""
        with self._units(write=False) as uow:
            grant = uow.grants.get(grant_id)
        if grant is not None and caller.person is not None and grant.user_id == caller.person.user_id:
            self.judge(grant.holder_did, wish)

    def judge_for(self, caller: Caller, credential_id: str, wish: OfferWish) -> None:
        """As `judge`, for a stored credential; raises CredentialNotFound too."""
        if wish.channel is not OfferChannel.DIDCOMM:
            return
        with self._units(write=False) as uow:
            holder_did = self._offerable(uow, caller, credential_id).holder_did
        self.judge(holder_did, wish)

    def offer(
        self,
        uow: UnitOfWork,
        caller: Caller,
        credential_id: str,
        wish: OfferWish,
        *,
        origin: str | None = None,
    ) -> MadeOffer:
        """Offer a credential to its holder; its issuer may, whoever reviews its type, and the holder.

        Args:
            origin: Names the call that makes it once only; whoever comes again with it gets the first offer.

        Raises:
            CredentialNotFound: Missing, or not this caller's to deliver: the two look alike.
            NotDeliverable: It is not valid now, or its grant is not.
            MissingMember: A letter is wished for, and no address is known.
            NoDidcommEndpoint: This office sends no DIDComm messages, or the issuer's DID does not.
        """
        known = uow.offers.by_origin(origin) if origin is not None else None
        if known is not None:
            return self.made(uow, _as_made(known))
        record = self._offerable(uow, caller, credential_id)
        if record.copy_of is not None:
            raise NotDeliverable("This is a wallet's own credential; offer the one that it was made from.")
        grant = uow.grants.get_for_update(record.grant_id) if record.grant_id is not None else None
        locked = uow.credentials.get_for_update(record.credential_id)
        offer = self._blank(caller, wish, grant)
        offer = replace(
            offer,
            credential_id=record.credential_id,
            grant_id=record.grant_id,
            credential_type=grant.credential_type if grant is not None else None,
            schema_id=record.schema_id,
            issuer_did=record.issuer_did,
            holder_did=record.holder_did,
            holder_user_id=grant.user_id if grant is not None else _person_of(uow, record.holder_did),
            origin=origin,
        )
        require_deliverable(HeldOffer(offer, locked, grant), self._clock.now())
        return self._write(uow, caller, offer, wish)

    def offer_own(self, uow: UnitOfWork, caller: Caller, grant_id: str, wish: OfferWish) -> MadeOffer:
        """Offer the caller's own credential to themselves.

        Raises:
            GrantNotFound: Missing, or somebody else's.
            NotDeliverable, MissingMember: As `offer`; NotDeliverable also where it is not signed yet.
        """
        person = caller.person
        grant = uow.grants.get(grant_id)
        if grant is None or person is None or grant.user_id != person.user_id:
            raise GrantNotFound("No such grant.")
        if grant.credential_id is None:
            raise NotDeliverable("The credential is not there yet.")
        return self.offer(uow, caller, grant.credential_id, wish)

    def offer_for_request(self, uow: UnitOfWork, caller: Caller, request_id: str, wish: OfferWish) -> MadeOffer:
        """Make an offer that waits for the decision on the caller's own request; an earlier one makes way for it.

        Raises:
            RequestNotFound: Missing, or somebody else's.
            StateConflict: It was decided or withdrawn.
            MissingMember, NoDidcommEndpoint: By channel.
        """
        person = caller.person
        request = uow.requests.get_for_update(request_id)
        if request is None or person is None or request.user_id != person.user_id:
            raise RequestNotFound("No such request.")
        if request.state is not RequestState.PENDING:
            raise StateConflict("The request does not wait for a decision.")
        for earlier in uow.offers.of_request(request_id):
            locked = uow.offers.get_for_update(earlier.offer_id)
            if locked is not None and locked.channel is wish.channel and locked.is_open(self._clock.now()):
                self._moves.move(uow, locked, OfferState.CANCELED, caller.actor, request_id=caller.request_id)
        kind = uow.types.get(request.credential_type)
        offer = replace(
            self._blank(caller, wish, None),
            state=OfferState.WAITING,
            expires_at=self._clock.now() + LONGEST_WAIT,
            request_id=request_id,
            credential_type=request.credential_type,
            schema_id=kind.schema_id if kind is not None else None,
            issuer_did=kind.issuer_did if kind is not None else None,
            holder_did=person.holder_did,
            holder_user_id=person.user_id,
        )
        return self._write(uow, caller, offer, wish)

    def offer_grant(self, uow: UnitOfWork, caller: Caller, grant: Grant, wish: OfferWish) -> MadeOffer:
        """Make the offer of a decision, in the decision's own act; it can be redeemed once the credential is signed.

        Raises:
            MissingMember, NoDidcommEndpoint: By channel.
        """
        person = uow.people.get(grant.user_id)
        kind = uow.types.get(grant.credential_type)
        offer = replace(
            self._blank(caller, wish, grant),
            grant_id=grant.grant_id,
            request_id=grant.request_id,
            credential_type=grant.credential_type,
            schema_id=kind.schema_id if kind is not None else None,
            issuer_did=grant.issuer_did,
            holder_did=person.holder_did if person is not None else None,
            holder_user_id=grant.user_id,
            origin=grant_origin(grant.grant_id),
        )
        return self._write(uow, caller, offer, wish)

    def of_origin(self, uow: UnitOfWork, origin: str) -> MadeOffer | None:
        """The offer that a call made, as it was answered then."""
        known = uow.offers.by_origin(origin)
        return self.made(uow, _as_made(known)) if known is not None else None

    # -- what becomes of requests and grants -------------------------------------------------------

    def approved(self, uow: UnitOfWork, caller: Caller, grant: Grant) -> None:
        """Let the offers of an approved request wait for the credential alone."""
        if grant.request_id is None:
            return
        now = self._clock.now()
        for seen in uow.offers.of_request(grant.request_id):
            offer = uow.offers.get_for_update(seen.offer_id)
            if offer is None or offer.state_at(now) is not OfferState.WAITING:
                continue
            self._moves.move(
                uow,
                offer,
                OfferState.CREATED,
                caller.actor,
                request_id=caller.request_id,
                grant_id=grant.grant_id,
                issuer_did=grant.issuer_did,
                expires_at=max(now, grant.sign_after or now) + WAITED_OFFER,
            )

    def signed(self, uow: UnitOfWork, caller: Caller, record: CredentialRecord) -> None:
        """Tie the open offers of a grant to its credential, in the act that stores it, and let their messages leave."""
        if record.grant_id is None:
            return
        now = self._clock.now()
        for seen in uow.offers.open_of_grant(record.grant_id):
            offer = uow.offers.get_for_update(seen.offer_id)
            if offer is None or offer.credential_id is not None or not offer.is_open(now):
                continue
            after = replace(
                offer,
                credential_id=record.credential_id,
                schema_id=record.schema_id,
                issuer_did=record.issuer_did,
                holder_did=record.holder_did,
                version=offer.version + 1,
            )
            uow.offers.update(after)
            self._send(uow, caller, after)

    # -- reading and ending ------------------------------------------------------------------------

    def get(self, caller: Caller, offer_id: str) -> Offer:
        """An offer that the caller may see; raises OfferNotFound for missing and hidden ones alike."""
        with self._units(write=False) as uow:
            return self._visible(uow, caller, uow.offers.get(offer_id))

    def list(
        self,
        caller: Caller,
        *,
        state: OfferState | None = None,
        credential_id: str | None = None,
        limit: int,
        cursor: str | None,
    ) -> Page[Offer]:
        """Offers that the caller may see, newest first; raises InvalidPagination."""
        with self._units(write=False) as uow:
            if credential_id is not None and (record := uow.credentials.get(credential_id)) is not None:
                credential_id = record.credential_id
            wanted = OfferFilter(state=state, credential_id=credential_id)
            if not caller.is_admin:
                issuers = caller.issuer_dids if caller.is_key else owned_dids(uow, caller.person)
                user_id = caller.person.user_id if caller.person is not None else None
                types = frozenset(caller.person.scopes) if caller.person is not None else frozenset[str]()
                reviewed = frozenset(value for value in types if caller.covers(value))
                wanted = replace(wanted, issuer_dids=issuers, user_id=user_id, credential_types=reviewed)
            return uow.offers.list(wanted, now=self._clock.now(), limit=limit, cursor=cursor)

    def of_credential(self, credential_id: str) -> tuple[Offer, ...]:
        """A credential's offers, newest first; for whoever was let in to the credential."""
        with self._units(write=False) as uow:
            return uow.offers.of_credential(credential_id)

    def cancel(self, uow: UnitOfWork, caller: Caller, offer_id: str) -> Offer:
        """End an open offer; a holder declines what others offered. One that is over so already stays as it is.

        Raises:
            OfferNotFound: Missing or hidden.
            StateConflict: It was delivered, or its time is over.
        """
        offer = self._visible(uow, caller, uow.offers.get_for_update(offer_id))
        is_holder = caller.person is not None and offer.holder_user_id == caller.person.user_id
        declines = is_holder and offer.created_by != caller.user_id
        to = OfferState.DECLINED if declines else OfferState.CANCELED
        if offer.state in (OfferState.CANCELED, OfferState.DECLINED):
            return offer
        return self._moves.move(uow, offer, to, caller.actor, request_id=caller.request_id)

    def expire_due(self) -> int:
        """Record offers whose time is over, each in a transaction of its own; gives how many. For the clock."""
        with self._units(write=False) as uow:
            over = uow.offers.over(self._clock.now(), EXPIRE_AT_MOST)
        return sum(expire_offer(self._units, offer_id, self._clock) for offer_id in over)

    # -- secrets -----------------------------------------------------------------------------------

    def secrets_of(self, offer: Offer) -> MadeOffer:
        """An offer's secrets, made anew; for QR codes and pages of those who may see the offer."""
        with self._units(write=False) as uow:
            return self.made(uow, offer)

    def made(self, uow: UnitOfWork, offer: Offer) -> MadeOffer:
        """The same within an open unit of work."""
        self._secrets.ready(uow)
        offer_id = offer.offer_id
        tx_code = self._secrets.tx_code(offer_id) if offer.tx_code_required else None
        if has_claim_link(offer.channel):
            token = self._secrets.token("token", offer_id)
            return MadeOffer(offer, token, claim_address(self._public_url, token), tx_code)
        if offer.channel is not OfferChannel.QR:
            return MadeOffer(offer, tx_code=tx_code)
        reference = self._secrets.token("reference", offer_id)
        address = f"{self._public_url}/oid4vci/offers/{reference}"
        query = f"credential_offer_uri={quote(address, safe='')}"
        return MadeOffer(
            offer,
            tx_code=tx_code,
            reference=reference,
            pre_authorized_code=self._secrets.token("code", offer_id),
            offer_uri=address,
            deep_link=f"openid-credential-offer://?{query}",
            haip_link=f"haip-vci://?{query}",
        )

    # -- parts -------------------------------------------------------------------------------------

    def _offerable(self, uow: UnitOfWork, caller: Caller, credential_id: str) -> CredentialRecord:
        record = uow.credentials.get(credential_id)
        if record is not None:
            issuer = uow.dids.get(record.issuer_did)
            if (issuer is not None and self._access.may_act_for(caller, issuer)) or caller.is_admin:
                return record
            if caller.person is not None and controls(uow, caller.person, record.holder_did):
                return record
            grant = uow.grants.get(record.grant_id) if record.grant_id is not None else None
            if grant is not None and caller.covers(grant.credential_type):
                return record
        raise CredentialNotFound("No such credential.")

    def _visible(self, uow: UnitOfWork, caller: Caller, offer: Offer | None) -> Offer:
        if offer is not None:
            if caller.is_admin:
                return offer
            if caller.person is not None and offer.holder_user_id == caller.person.user_id:
                return offer
            if offer.credential_type is not None and caller.covers(offer.credential_type):
                return offer
            issuer = uow.dids.get(offer.issuer_did) if offer.issuer_did is not None else None
            if issuer is not None and self._access.may_act_for(caller, issuer):
                return offer
        raise OfferNotFound(_MISSING)

    def _blank(self, caller: Caller, wish: OfferWish, grant: Grant | None) -> Offer:
        """An offer with what its wish alone decides."""
        now = self._clock.now()
        waits = grant is not None and grant.credential_id is None and grant.request_id is not None
        life = wish.life(self._ttl)
        return Offer(
            offer_id=new_id("off"),
            channel=wish.channel,
            state=OfferState.CREATED,
            binding=wish.binding,
            created_by=caller.user_id,
            created_at=now,
            # The undo window comes before the signature, and must not use the offer's time up.
            expires_at=max(now, grant.sign_after or now) + life if waits and grant is not None else now + life,
            tx_code_required=wish.asks_tx_code,
        )

    def _write(self, uow: UnitOfWork, caller: Caller, offer: Offer, wish: OfferWish) -> MadeOffer:
        if wish.channel is OfferChannel.DIDCOMM:
            if self.didcomm is None:
                raise NoDidcommEndpoint(_NO_DIDCOMM)
            if offer.issuer_did is not None:
                _require_sender(uow.dids.get(offer.issuer_did))
            offer = replace(offer, thread_id=new_id("thr"))
        if wish.channel is OfferChannel.EMAIL:
            offer = replace(offer, email=address_for(uow, offer.holder_user_id, wish))
        made = self.made(uow, offer)
        secret, code = made.token or made.reference, made.pre_authorized_code
        offer = replace(
            offer,
            secret_digest=secret_digest(secret) if secret is not None else None,
            code_digest=secret_digest(code) if code is not None else None,
        )
        if not uow.offers.add(offer):
            assert offer.origin is not None
            known = self.of_origin(uow, offer.origin)
            assert known is not None
            return known
        now = self._clock.now()
        uow.audit.append(offer_event("offer.created", offer, caller.actor, now, request_id=caller.request_id))
        if offer.credential_id is not None:
            self._send(uow, caller, offer)
        return replace(made, offer=offer)

    def _send(self, uow: UnitOfWork, caller: Caller, offer: Offer) -> None:
        """Let the message leave that carries an offer, where its channel has one."""
        if offer.channel is OfferChannel.EMAIL:
            self._mailing.post(uow, write_offer_letter(uow, self._mailing, offer, self._public_url))
        elif offer.channel is OfferChannel.DIDCOMM and self.didcomm is not None:
            self.didcomm.queue_offer(uow, caller, offer)


def issue_origin(credential_id: str) -> str:
    """Name the offer that issuing a credential makes."""
    return f"issue:{credential_id}"


def grant_origin(grant_id: str) -> str:
    """Name the offer that the decision behind a grant makes."""
    return f"grant:{grant_id}"


def controls(uow: UnitOfWork, person: Person, did: str) -> bool:
    """Tell whether a person controls a DID: it is kept here for them, or they proved it to be theirs."""
    record = uow.dids.get(did)
    if record is not None and record.owner_user_id is not None:
        return record.owner_user_id == person.user_id
    prover = uow.people.by_did(did)
    return prover is not None and prover.user_id == person.user_id


def _require_sender(issuer: DIDRecord | None) -> None:
    if issuer is None or not may_message(issuer):
        raise NoDidcommEndpoint("The issuer's DID sends no messages: no key kept here agrees for it.")


def _person_of(uow: UnitOfWork, did: str) -> str | None:
    record = uow.dids.get(did)
    if record is not None and record.owner_user_id is not None:
        return record.owner_user_id
    prover = uow.people.by_did(did)
    return prover.user_id if prover is not None else None


def _as_made(offer: Offer) -> Offer:
    """An offer as it was when it was made: what a repeated call is answered."""
    state = OfferState.CREATED if offer.state is not OfferState.WAITING else offer.state
    return replace(offer, state=state, attempts_left=TX_CODE_TRIES)
