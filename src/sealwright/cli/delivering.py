"""Delivering credentials from the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sealwright.cli import desk
from sealwright.cli.misuse import Misused
from sealwright.cli.options import checked, present
from sealwright.cli.output import of

if TYPE_CHECKING:
    from sealwright.services.offer_values import MadeOffer


def deliver(
    ctx: typer.Context,
    *,
    credential_id: Annotated[
        str, typer.Argument(metavar="ID", help="urn:uuid:…, the bare UUID, or the document's id.")
    ],
    channel: Annotated[
        str, typer.Option("--channel", metavar="C", help="`token`, `qr` (or `oid4vci`), `didcomm`, `email`.")
    ] = "token",
    qr: Annotated[bool, typer.Option("--qr", help="Draw the code to scan on the terminal.")] = False,
    tx_code: Annotated[
        bool | None, typer.Option("--tx-code/--no-tx-code", help="Ask for six digits; `qr` does unless told otherwise.")
    ] = None,
    expires_in: Annotated[
        int | None, typer.Option("--expires-in", metavar="S", help="How many seconds it lives.")
    ] = None,
    bearer: Annotated[bool, typer.Option("--bearer", help="Whoever has the secret may redeem it.")] = False,
    email: Annotated[str | None, typer.Option("--email", help="Where the letter of `email` goes.")] = None,
) -> None:
    """Offer a credential to its holder."""
    from sealwright.domain.offers import OfferChannel
    from sealwright.web.api.offer_rendering import made_offer
    from sealwright.web.api.shapes.delivery import OFFER, wish_of

    members = present(
        channel=channel,
        txCode=tx_code,
        expiresInSeconds=expires_in,
        binding="bearer" if bearer else None,
        email=email,
    )
    wish = wish_of(checked(OFFER, members))
    if qr and wish.channel is OfferChannel.DIDCOMM:
        raise Misused("an offer by didcomm has nothing to scan")
    with desk.writing() as at:
        offers = at.office.offers
        offers.judge_for(at.caller, credential_id, wish)
        made = at.act(lambda uow, caller: offers.offer(uow, caller, credential_id, wish), changes_registry=False)
        answer = made_offer(made, at.office.public_url)
    of(ctx).emit(answer, plain=lambda: _told(made, qr=qr))


def _told(made: MadeOffer, *, qr: bool) -> str:
    """What somebody at the terminal hands on; the code that is told apart stands apart."""
    content = _content(made)
    lines = [_drawn(content)] if qr and content is not None else []
    lines.append(content or f"Offer {made.offer.offer_id} is on its way.")
    if made.tx_code is not None:
        lines += ["", f"Transaction code: {made.tx_code}"]
    return "\n".join(lines)


def _content(made: MadeOffer) -> str | None:
    return made.deep_link or made.claim_url


def _drawn(content: str) -> str:
    from io import StringIO

    from sealwright.web.api.qr_images import QUIET_MODULES, qr_code

    drawing = StringIO()
    qr_code(content).terminal(out=drawing, border=QUIET_MODULES, compact=True)
    return drawing.getvalue()
