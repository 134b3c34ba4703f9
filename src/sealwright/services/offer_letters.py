"""Letters that carry offers: written with the offer's id, and given their link only while they are sent.

So the outbox's rows hold no secret: whoever reads them without the office's key learns no token.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from sealwright.domain.delivering import OfferWish
from sealwright.domain.errors import MissingMember
from sealwright.domain.notices import Mail
from sealwright.domain.offers import Offer, OfferBinding, OfferState, may_move
from sealwright.domain.people import Person, system_actor
from sealwright.services.email_addresses import read_email
from sealwright.services.letters import OFFER
from sealwright.services.mailing import MailingDesk
from sealwright.services.offer_moves import move_offer
from sealwright.services.office_secrets import OfficeSecrets
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.vc.errors import Fault

_ACTOR: Final = system_actor("mail")


def claim_address(public_url: str, token: str) -> str:
    """The page where a person takes a credential; no server sees what stands behind the hash."""
    return f"{public_url}/claim#{token}"


def address_for(uow: UnitOfWork, holder_user_id: str | None, wish: OfferWish) -> str:
    """Where a letter goes: the wished address, or the holder's own if they proved it.

    Raises:
        MalformedBody: What is wished for is no address.
        MissingMember: None is wished for, and we know none of the holder.
    """
    pointer = f"{wish.pointer}/email"
    if wish.email is not None:
        return read_email(wish.email, pointer)
    person = uow.people.get(holder_user_id) if holder_user_id is not None else None
    if person is None or not _may_be_written_to(person):
        detail = "We know no address of the holder; name one."
        raise MissingMember(detail, faults=[Fault(pointer, "MISSING_FIELD", detail)])
    return person.email


def write_offer_letter(uow: UnitOfWork, mailing: MailingDesk, offer: Offer, public_url: str) -> Mail:
    """Write an offer's letter, in its holder's language where they are its reader."""
    person = uow.people.get(offer.holder_user_id) if offer.holder_user_id is not None else None
    is_reader = person is not None and person.email == offer.email
    hours = max(1, round((offer.expires_at - offer.created_at).total_seconds() / 3_600))
    data = {
        "link": claim_address(public_url, offer.offer_id),
        "hours": str(hours),
        "code": "yes" if offer.tx_code_required else "",
        "bound": "yes" if offer.binding is OfferBinding.HOLDER else "",
    }
    locale = mailing.language_of(person) if person is not None and is_reader else mailing.default_language
    user_id = person.user_id if person is not None and is_reader else None
    mail = mailing.letter(OFFER, locale, data, to=offer.email or "", user_id=user_id)
    return replace(mail, mail_id=_mail_id(offer.offer_id))


class OfferLetters:
    """What the outbox asks while it sends an offer's letter."""

    def __init__(self, secrets: OfficeSecrets, clock: Clock, public_url: str) -> None:
        self._secrets = secrets
        self._clock = clock
        self._public_url = public_url

    def completed(self, uow: UnitOfWork, mail: Mail) -> Mail:
        """Put the link into a letter that is going to leave; letters of other kinds stay as they are."""
        if mail.kind != OFFER:
            return mail
        self._secrets.ready(uow)
        offer_id = _offer_id(mail.mail_id)
        before = claim_address(self._public_url, offer_id)
        after = claim_address(self._public_url, self._secrets.token("token", offer_id))
        return replace(mail, text=mail.text.replace(before, after), html=mail.html.replace(before, after))

    def left(self, uow: UnitOfWork, mail: Mail) -> None:
        """Note that a letter has left: its offer is sent."""
        if mail.kind != OFFER:
            return
        offer = uow.offers.get_for_update(_offer_id(mail.mail_id))
        now: datetime = self._clock.now()
        if offer is not None and offer.is_open(now) and may_move(offer.state, OfferState.SENT):
            move_offer(uow, offer, OfferState.SENT, _ACTOR, now=now)


def _may_be_written_to(person: Person) -> bool:
    return person.active and person.verified and not person.erased


def _mail_id(offer_id: str) -> str:
    return f"mal_{offer_id.removeprefix('off_')}"


def _offer_id(mail_id: str) -> str:
    return f"off_{mail_id.removeprefix('mal_')}"
