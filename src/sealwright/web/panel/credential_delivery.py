"""What a credential's page says of its deliveries, its files and its public page (S10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.formats import CredentialFormat
from sealwright.domain.offers import Offer, OfferChannel, OfferState
from sealwright.locales import N_
from sealwright.services.claim_words import pointer_words
from sealwright.services.copies import form_of as form_of_record
from sealwright.services.sharing import pointers_of, stored_claims
from sealwright.web.panel.own_forms import form_of
from sealwright.web.panel.page_form import Field, Form, FormData, Kind
from sealwright.web.panel.qr import qr_svg

if TYPE_CHECKING:
    from datetime import datetime

    from sealwright.services.credential_sheets import CredentialSheet
    from sealwright.services.offer_values import MadeOffer
    from sealwright.web.panel.page_call import PageCall

CHANNELS: Final[Mapping[OfferChannel, tuple[str, str]]] = {
    OfferChannel.QR: ("phone", N_("QR code")),
    OfferChannel.TOKEN: ("key", N_("One-time link")),
    OfferChannel.EMAIL: ("mail", N_("Letter")),
    OfferChannel.DIDCOMM: ("send", N_("DIDComm")),
}
_WORDS: Final[Mapping[OfferState, str]] = {
    OfferState.WAITING: N_("waits for the decision"),
    OfferState.CREATED: N_("not opened yet"),
    OfferState.SENT: N_("sent"),
    OfferState.OPENED: N_("opened"),
    OfferState.ACCEPTED: N_("accepted"),
    OfferState.DELIVERED: N_("handed over"),
    OfferState.DECLINED: N_("declined"),
    OfferState.EXPIRED: N_("its time is over"),
    OfferState.CANCELED: N_("canceled"),
}
# What a stored document is called among files; names of forms are the same in every language.
_NAMES: Final[Mapping[CredentialFormat, str]] = {
    CredentialFormat.LDP_VC: "JSON-LD",
    CredentialFormat.JWT_VC_JSON: "JWT",
    CredentialFormat.SD_JWT: "SD-JWT",
    CredentialFormat.OPEN_BADGE: "Open Badge 3.0",
}
_ENDS: Final = frozenset({OfferState.DELIVERED, OfferState.DECLINED, OfferState.EXPIRED, OfferState.CANCELED})
OFFER_FORM: Final = Form(
    Field("channel", Kind.CHOICE, required=True, choices=tuple(one.value for one in OfferChannel)),
    Field("tx_code", Kind.FLAG),
    Field("email", max_length=254, label=N_("E-mail address")),
    Field("instead_of", max_length=64),
)
SHARE_FORM: Final = Form(
    Field("is_on", Kind.FLAG),
    Field("shown", many=True, max_length=2000, keep_spaces=True),
    Field("is_listed", Kind.FLAG),
)


@dataclass(frozen=True, slots=True)
class OfferLine:
    """One delivery in the list.

    Args:
        said: What became of it, in a word.
        at: When that was.
        until: When its time is over; None where that does not matter any more.
        cancel: Where a post ends it; None where nothing is left to end.
        declines: That the holder ends what somebody else offers.
    """

    icon: str
    channel: str
    badge: str
    said: str
    at: datetime
    until: datetime | None
    email: str | None
    cancel: str | None
    declines: bool


@dataclass(frozen=True, slots=True)
class ShownOffer:
    """An offer with its secrets, in the one answer that shows them.

    Args:
        code: The QR code; None for channels that have none.
        seconds_left: Until its time is over, as of this answer.
        news: Where an open page asks whether it was fetched.
    """

    made: MadeOffer
    code: str | None
    seconds_left: int
    news: str


def delivery_values(
    page: PageCall, sheet: CredentialSheet, path: str, *, is_own: bool, made: MadeOffer | None = None
) -> dict[str, Any]:
    """Everything that the page's parts about delivery show.

    Args:
        path: The page's own.
        is_own: The holder looks.
        made: An offer that was made by the post which this answers.
    """
    record = sheet.record
    is_deliverable = sheet.is_deliverable(page.now)
    sent = form_of(page, OFFER_FORM)
    is_letter = sent.text("channel") == OfferChannel.EMAIL.value
    return {
        "is_own": is_own,
        "offers": [_line(page, one, path, is_own=is_own) for one in sheet.offers],
        "is_deliverable": is_deliverable,
        "why_not": None if is_deliverable else _why_not(page, sheet),
        "offer_form": sent,
        # Another way that was refused leaves the proposed address standing.
        "mail_form": sent if is_letter else FormData.blank(OFFER_FORM),
        "has_didcomm": page.office.offers.didcomm is not None,
        "mail_to": _mail_to(sheet),
        "shown": _shown(page, made, path) if made is not None else None,
        "has_files": record.document is not None,
        "code_name": _NAMES[form_of_record(record)],
        "is_signable": is_deliverable and page.office.downloads.is_signable(record),
        **(_share(page, sheet) if is_own else {"share_claims": ()}),
    }


def _line(page: PageCall, offer: Offer, path: str, *, is_own: bool) -> OfferLine:
    state = offer.state_at(page.now)
    icon, channel = CHANNELS[offer.channel]
    is_over = state in _ENDS
    moments = {OfferState.OPENED: offer.opened_at, OfferState.ACCEPTED: offer.accepted_at}
    ended = offer.ended_at or (offer.expires_at if state is OfferState.EXPIRED else None)
    return OfferLine(
        icon=icon,
        channel=page._(channel),
        badge=state.value if is_over else "offered",
        said=page._(_WORDS[state]),
        at=(ended if is_over else moments.get(state)) or offer.created_at,
        until=None if is_over else offer.expires_at,
        email=offer.email,
        cancel=None if is_over else f"{path}/offers/{offer.offer_id}/cancel",
        declines=is_own and offer.created_by != page.caller.user_id,
    )


def _why_not(page: PageCall, sheet: CredentialSheet) -> str:
    if sheet.record.document is None:
        return page._("The document is gone with its person's data.")
    if sheet.record.copy_of is not None:
        return page._("This is a wallet's own form of a credential; deliver the one that it was made from.")
    return page._("It is not valid now, so it is not handed over.")


def _mail_to(sheet: CredentialSheet) -> str:
    """The holder's address, where they proved it to be theirs."""
    holder = sheet.holder
    return holder.email if holder is not None and holder.verified and not holder.erased else ""


def _shown(page: PageCall, made: MadeOffer, path: str) -> ShownOffer:
    link = made.deep_link or made.claim_url
    label = (
        page._("QR code of the credential offer") if made.deep_link is not None else page._("QR code of the claim link")
    )
    left = made.offer.expires_at - page.now
    return ShownOffer(
        made=made,
        code=qr_svg(link, label) if link is not None else None,
        seconds_left=max(0, int(left.total_seconds())),
        news=f"{path}/offers/{made.offer.offer_id}/news",
    )


def _share(page: PageCall, sheet: CredentialSheet) -> dict[str, Any]:
    """The public page as its holder switches it; no page is made by looking."""
    share = sheet.share
    return {
        "share": share,
        "share_form": form_of(page, SHARE_FORM),
        "share_claims": [(one, pointer_words(one)) for one in pointers_of(stored_claims(sheet.record))],
        "share_address": page.office.sharing.known_address(share) if share is not None else None,
    }
