"""What is done at a credential's page: offers made and ended, files fetched, the public page switched (S10)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Final

from sealwright.domain.delivering import OfferWish
from sealwright.domain.delivery_errors import OfferNotFound
from sealwright.domain.errors import StateConflict
from sealwright.domain.formats import CredentialFormat
from sealwright.domain.offers import OfferChannel, OfferState
from sealwright.web.panel.credential import ISSUERS, OWN, show, show_own
from sealwright.web.panel.credential_delivery import CHANNELS, OFFER_FORM, SHARE_FORM
from sealwright.web.panel.own_forms import answer, save
from sealwright.web.panel.page_route import PageAudience, PageHandler, PageRoute
from sealwright.web.panel.toasts import Toast
from sealwright.web.reply import HTML, Reply

if TYPE_CHECKING:
    from sealwright.domain.credentials import CredentialRecord
    from sealwright.domain.people import Caller
    from sealwright.services.credential_sheets import CredentialSheet
    from sealwright.services.downloads import Download
    from sealwright.services.offer_values import MadeOffer
    from sealwright.services.ports import UnitOfWork
    from sealwright.web.panel.page_call import PageCall

# What is signed for a download, by the last part of its address.
_SIGNED: Final = {
    "jwt": CredentialFormat.JWT_VC_JSON,
    "sd-jwt": CredentialFormat.SD_JWT,
    "open-badge": CredentialFormat.OPEN_BADGE,
}


class _Room:
    """One of the two audiences: reviewers, and whoever holds the credential."""

    def __init__(self, base: str, audience: PageAudience, *, is_own: bool) -> None:
        self.base = base
        self.audience = audience
        self.is_own = is_own

    def sheet(self, page: PageCall) -> CredentialSheet:
        """The credential, if the caller is let in to it."""
        sheets = page.office.credential_sheets
        read = sheets.own if self.is_own else sheets.get
        return read(page.caller, page.params["id"])

    def again(self, page: PageCall, status: int = 200, made: MadeOffer | None = None) -> Reply:
        """The page, after a post that was refused, or with the offer that it made."""
        return (show_own if self.is_own else show)(page, status, made)

    def path(self, record: CredentialRecord) -> str:
        """The page's address."""
        return f"{self.base}/{record.credential_id}"


def offer(room: _Room, page: PageCall) -> Reply:
    """POST …/{id}/offers: its secrets stand in this answer and in no other."""
    record = room.sheet(page).record
    form = page.form

    def act() -> Reply:
        channel = OfferChannel(form.text("channel"))
        wish = OfferWish(
            channel,
            tx_code=form.flag("tx_code"),
            email=form.optional("email") if channel is OfferChannel.EMAIL else None,
        )
        page.office.offers.judge_for(page.caller, record.credential_id, wish)
        made = page.act(lambda uow, me: _offered(page, uow, me, record.credential_id, wish))
        if channel in (OfferChannel.QR, OfferChannel.TOKEN):
            return room.again(page, made=made)
        text = page._("It is on its way to %(address)s.", address=made.offer.email or record.holder_did)
        return page.done(f"{room.path(record)}#deliveries", Toast(text))

    return answer(page, partial(room.again, page), act)


def _offered(page: PageCall, uow: UnitOfWork, me: Caller, credential_id: str, wish: OfferWish) -> MadeOffer:
    """Make an offer; the one that it stands in for, if it is still open, ends."""
    earlier = page.form.optional("instead_of")
    if earlier is not None:
        with suppress(StateConflict, OfferNotFound):
            page.office.offers.cancel(uow, me, earlier)
    return page.office.offers.offer(uow, me, credential_id, wish)


def cancel(room: _Room, page: PageCall) -> Reply:
    """POST …/{id}/offers/{offer}/cancel."""
    record = room.sheet(page).record

    def act() -> tuple[str, Toast | None]:
        ended = page.act(lambda uow, me: page.office.offers.cancel(uow, me, page.params["offer"]))
        what = page._(CHANNELS[ended.channel][1])
        return f"{room.path(record)}#deliveries", Toast(page._("%(what)s: canceled. Nobody can use it.", what=what))

    return save(page, partial(room.again, page), act)


def news(room: _Room, page: PageCall) -> Reply:
    """GET …/{id}/offers/{offer}/news: what an open page asks by itself; empty until the credential was fetched."""
    record = room.sheet(page).record
    known = page.office.offers.get(page.caller, page.params["offer"])
    if known.credential_id != record.credential_id or known.state is not OfferState.DELIVERED:
        return Reply(204, b"", HTML)
    return page.render("credential/news.html", path=room.path(record))


def document(room: _Room, page: PageCall) -> Reply:
    """GET …/{id}/document: the signed document, byte for byte."""
    return _file(room, page, page.office.downloads.document)


def paper(room: _Room, page: PageCall) -> Reply:
    """GET …/{id}/pdf: the certificate in the reader's language."""
    language = page.texts.language
    return _file(room, page, lambda record: page.office.downloads.pdf(record, language, names_holder=True))


def _file(room: _Room, page: PageCall, made: Callable[[CredentialRecord], Download]) -> Reply:
    file = made(room.sheet(page).record)
    return page.download(file.content, file.name, file.media_type)


def signed(room: _Room, page: PageCall) -> Reply:
    """POST …/{id}/{form}: the credential in a form that may have to be signed first."""
    form = _SIGNED[page.path.rpartition("/")[2]]
    again = partial(room.again, page)
    return answer(page, again, lambda: _file(room, page, lambda one: page.office.downloads.signed(one, form)))


def badge(room: _Room, page: PageCall) -> Reply:
    """POST …/{id}/badge: the badge's image with the Open Badge inside."""
    language = page.texts.language
    again = partial(room.again, page)
    return answer(page, again, lambda: _file(room, page, lambda one: page.office.downloads.badge(one, language)))


def share(page: PageCall) -> Reply:
    """POST /improver/credentials/{id}/share: what the public page shows."""
    record = _HOLDERS.sheet(page).record
    form = page.form

    def act() -> tuple[str, Toast | None]:
        is_on = form.flag("is_on")
        page.act(
            lambda uow, me: page.office.sharing.switch(
                uow,
                me,
                record.credential_id,
                is_on=is_on,
                shown=form.many("shown"),
                is_listed=form.flag("is_listed"),
            )
        )
        said = page._("The public page shows what you chose.") if is_on else page._("The public page shows no claims.")
        return f"{_HOLDERS.path(record)}#share", Toast(said)

    return save(page, partial(_HOLDERS.again, page), act)


def renew_address(page: PageCall) -> Reply:
    """POST /improver/credentials/{id}/share/renew: every older address is dead."""
    record = _HOLDERS.sheet(page).record

    def act() -> tuple[str, Toast | None]:
        page.act(lambda uow, me: page.office.sharing.renew(uow, me, record.credential_id))
        return f"{_HOLDERS.path(record)}#share", Toast(page._("The page has a new address; the old one is dead."))

    return save(page, partial(_HOLDERS.again, page), act)


def _routes(room: _Room) -> tuple[PageRoute, ...]:
    """The routes that both audiences have."""
    one = f"{room.base}/{{id}}"

    def at(handler: Callable[[_Room, PageCall], Reply]) -> PageHandler:
        return partial(handler, room)

    return (
        PageRoute("GET", f"{one}/document", room.audience, at(document)),
        PageRoute("GET", f"{one}/pdf", room.audience, at(paper)),
        *(PageRoute("POST", f"{one}/{name}", room.audience, at(signed)) for name in _SIGNED),
        PageRoute("POST", f"{one}/badge", room.audience, at(badge)),
        PageRoute("POST", f"{one}/offers", room.audience, at(offer), form=OFFER_FORM),
        PageRoute("POST", f"{one}/offers/{{offer}}/cancel", room.audience, at(cancel)),
        PageRoute("GET", f"{one}/offers/{{offer}}/news", room.audience, at(news), quiet=True),
    )


_REVIEWERS: Final = _Room(ISSUERS, PageAudience.ISSUER, is_own=False)
_HOLDERS: Final = _Room(OWN, PageAudience.SIGNED_IN, is_own=True)

PAGES: Final = (
    *_routes(_REVIEWERS),
    *_routes(_HOLDERS),
    PageRoute("POST", f"{OWN}/{{id}}/share", PageAudience.SIGNED_IN, share, form=SHARE_FORM),
    PageRoute("POST", f"{OWN}/{{id}}/share/renew", PageAudience.SIGNED_IN, renew_address),
)
