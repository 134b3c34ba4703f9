"""What the rules of delivery can refuse: the branches of `domain.errors` that grow on offers, wallets and webhooks.

DomainError
├── NotSignedIn
│   └── HolderProofRequired     redemption without proof of the holder
├── NotAllowed
│   └── HolderMismatch          another holder
├── NotFound
│   ├── OfferNotFound  ThreadNotFound  WebhookNotFound  ParcelNotFound  ShareNotFound  PresentationNotFound
│   ├── DisclosureNotFound      a link to a part of a credential: never there, taken back, or over
├── Gone
│   ├── TokenUsed  TokenExpired
├── Conflict
│   ├── NotDeliverable  NoDidcommEndpoint
│   ├── TxCodeLocked            five wrong transaction codes
└── Unprocessable
    ├── InvalidTxCode  DidcommInvalid  UrlNotAllowed
"""

from __future__ import annotations

from sealwright.domain.errors import Conflict, Gone, NotAllowed, NotFound, NotSignedIn, Unprocessable


class HolderProofRequired(NotSignedIn):
    """The holder has to be proved: by signing in, or by a proof with one of their keys."""


class HolderMismatch(NotAllowed):
    """An offer or a credential is for another holder than the one who comes with it."""


class OfferNotFound(NotFound):
    """No such offer or one-time token, or it is hidden from this caller."""


class ThreadNotFound(NotFound):
    """No such DIDComm thread, or it is hidden from this caller."""


class WebhookNotFound(NotFound):
    """No such webhook endpoint, or somebody else's."""


class ParcelNotFound(NotFound):
    """No such delivery to a webhook, or somebody else's."""


class ShareNotFound(NotFound):
    """No credential has this public page."""


class PresentationNotFound(NotFound):
    """No such request for a presentation, or its time is over."""


class DisclosureNotFound(NotFound):
    """No such link to a part of a credential: it never was, was taken back, its time is over, or somebody else's."""


class TokenUsed(Gone):
    """The one-time token was redeemed already."""


class TokenExpired(Gone):
    """The offer's time is over, or it was canceled."""


class NotDeliverable(Conflict):
    """The credential is not valid now, so it is not handed over."""


class NoDidcommEndpoint(Conflict):
    """The holder's DID names no place that takes DIDComm messages."""


class InvalidTxCode(Unprocessable):
    """The transaction code is wrong, missing, or not expected."""


class TxCodeLocked(Conflict):
    """Too many wrong transaction codes; the offer is locked for good."""


class DidcommInvalid(Unprocessable):
    """A DIDComm message that is not acceptable: plaintext, unbound sender, replayed, expired, not for us."""


class UrlNotAllowed(Unprocessable):
    """The guard of outbound calls does not let us reach this address."""
