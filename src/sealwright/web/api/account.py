"""What is in one's own account beyond adding to it: which address comes first, which go, and the ways to sign in."""

from __future__ import annotations

from typing import Any, Final

from sealwright.domain.errors import MalformedBody, NotFound
from sealwright.domain.sign_in import Session
from sealwright.services.own_means import Means
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.vc.errors import Fault
from sealwright.web.api.desk_routes import Family
from sealwright.web.api.me import changed
from sealwright.web.api.rendering import moment
from sealwright.web.api.shapes import account as shapes
from sealwright.web.api.shapes import people_answers, people_examples
from sealwright.web.api.shapes.registry import NOTHING
from sealwright.web.call import Call, ok
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Route


def appearance(call: Call) -> Reply:
    """GET /me/appearance."""
    person = call.office.people.get(call.caller.user_id)
    return ok(
        {
            "locale": person.locale,
            "theme": person.theme.value if person.theme else None,
            "time_zone": person.time_zone,
            "shortcuts": person.shortcuts,
        }
    )


# -- addresses and DIDs ----------------------------------------------------------------------------


def sign_in_with(call: Call) -> Reply:
    """POST /me/emails/primary."""
    email = call.body["email"]
    return changed(call, lambda uow, caller: call.office.profile.sign_in_with(uow, caller, email), 200)


def remove_email(call: Call) -> Reply:
    """POST /me/emails/remove."""
    email = call.body["email"]
    return changed(call, lambda uow, caller: call.office.profile.remove_email(uow, caller, email), 200)


def list_wallets(call: Call) -> Reply:
    """GET /me/wallets."""
    wallets = call.office.people.get(call.caller.user_id).wallets
    return ok(
        [
            {"address": one.address, "verified": one.verified, "label": one.label, "primary": place == 0}
            for place, one in enumerate(wallets)
        ]
    )


def type_wallet(call: Call) -> Reply:
    """POST /me/wallets/typed."""
    body = call.body
    return changed(
        call,
        lambda uow, caller: call.office.wallets.add_typed(uow, caller, body["address"], label=body.get("label")),
    )


def label_wallet(call: Call) -> Reply:
    """POST /me/wallets/label."""
    body = call.body
    return changed(
        call, lambda uow, caller: call.office.wallets.label(uow, caller, body["address"], body["label"]), 200
    )


def put_wallet_first(call: Call) -> Reply:
    """POST /me/wallets/primary."""
    address = call.body["address"]
    return changed(call, lambda uow, caller: call.office.wallets.make_primary(uow, caller, address), 200)


def remove_wallet(call: Call) -> Reply:
    """POST /me/wallets/remove."""
    address = call.body["address"]
    return changed(call, lambda uow, caller: call.office.wallets.remove(uow, caller, address), 200)


def remove_did(call: Call) -> Reply:
    """DELETE /me/dids/{did}."""
    return call.perform(
        lambda uow, caller: call.office.own_dids.unbind(uow, caller, call.params["did"]),
        lambda _: Reply(204, media_type=None),
        changes_registry=True,
    )


# -- ways to sign in -------------------------------------------------------------------------------


def show_means(call: Call) -> Reply:
    """GET /me/sign-in."""
    return ok(_means(call.office.means.of(call.caller)))


def set_password(call: Call) -> Reply:
    """PUT /me/password.

    A PUT, which takes no Idempotency-Key: with one, a plain digest of the body, and so of both passwords, were kept.
    """
    office, current = call.office, call.body.get("current")
    # The door asks sessions alone; a bearer token has no sign-in to be fresh, so it sets no password.
    office.sessions.require_fresh(call.caller)
    if current is None and office.means.of(call.caller).has_password:
        detail = "is needed where there is a password"
        raise MalformedBody("The present password is missing.", faults=[Fault("/current", "MISSING_FIELD", detail)])
    return ok({"ended": office.means.set_password(call.caller, call.body["password"], current=current)})


def make_recovery_codes(call: Call) -> Reply:
    """POST /me/recovery-codes: shown in this answer and never again."""
    return call.perform(
        call.office.means.make_recovery_codes,
        lambda codes: json_reply({"recovery_codes": list(codes)}, 201),
        is_secret=True,
    )


def remove_passkey(call: Call) -> Reply:
    """DELETE /me/passkeys/{id}."""
    return call.perform(
        lambda uow, caller: call.office.means.delete_passkey(uow, caller, call.params["id"]),
        lambda _: Reply(204, media_type=None),
    )


# -- sessions --------------------------------------------------------------------------------------


def list_sessions(call: Call) -> Reply:
    """GET /me/sessions."""
    return ok([_session(one, call.caller.session_id) for one in call.office.sessions.list(call.caller)])


def end_session(call: Call) -> Reply:
    """DELETE /me/sessions/{id}."""
    if not call.office.sessions.end_one(call.caller, call.params["id"]):
        raise NotFound("There is no such open session of yours.")
    return Reply(204, media_type=None)


def end_other_sessions(call: Call) -> Reply:
    """POST /me/sessions/end-others."""
    return call.once(
        lambda: call.office.sessions.end_all(call.caller, but_this=True), lambda ended: json_reply({"ended": ended})
    )


def _session(session: Session, current: str | None) -> dict[str, Any]:
    return {
        "session_id": session.session_id,
        "browser": session.label,
        "method": session.method.value,
        "created_at": format_timestamp(session.created_at),
        "last_seen_at": format_timestamp(session.last_seen_at),
        "current": session.session_id == current,
    }


def _means(means: Means) -> dict[str, Any]:
    return {
        "has_password": means.has_password,
        "recovery_codes_left": means.recovery_codes,
        "passkeys": [
            {
                "passkey_id": one.passkey_id,
                "name": one.name,
                "created_at": format_timestamp(one.created_at),
                "last_used_at": moment(one.last_used_at),
            }
            for one in means.passkeys
        ],
    }


_ACCOUNT: Final = Family("Your account", Audience.PERSON, "U")
_ME: Final = (Answered(200, "The person.", people_answers.PERSON, people_examples.PERSON),)
_ME_ADDED: Final = (Answered(201, "The person.", people_answers.PERSON, people_examples.PERSON),)
_ENDED: Final = Answered(200, "How many other sessions ended.", shapes.ENDED, shapes.ENDED_EXAMPLE)

ROUTES: Final[tuple[Route, ...]] = (
    _ACCOUNT.gets(
        "/me/appearance",
        "Read how the pages look to you",
        appearance,
        Answered(200, "Language, colors, time zone and shortcuts.", shapes.APPEARANCE, shapes.APPEARANCE_EXAMPLE),
    ),
    _ACCOUNT.posts(
        "/me/emails/primary",
        "Sign in with another of your verified addresses",
        sign_in_with,
        _ME,
        body=shapes.ONE_EMAIL,
        codes=("EMAIL_IN_USE",),
        fresh=True,
    ),
    _ACCOUNT.posts("/me/emails/remove", "Remove a further e-mail address", remove_email, _ME, body=shapes.ONE_EMAIL),
    _ACCOUNT.gets(
        "/me/wallets",
        "List your wallet addresses with their labels",
        list_wallets,
        Answered(200, "The addresses, the first one first.", shapes.OWN_WALLETS, shapes.OWN_WALLETS_EXAMPLE),
    ),
    _ACCOUNT.posts(
        "/me/wallets/typed",
        "Add a wallet address without proof",
        type_wallet,
        _ME_ADDED,
        body=shapes.TYPED_WALLET,
        codes=("INVALID_ADDRESS", "ADDRESS_IN_USE", "STATE_CONFLICT"),
    ),
    _ACCOUNT.posts(
        "/me/wallets/label",
        "Label one of your wallet addresses",
        label_wallet,
        _ME,
        body=shapes.LABEL_WALLET,
        codes=("INVALID_ADDRESS",),
    ),
    _ACCOUNT.posts(
        "/me/wallets/primary",
        "Put one of your wallet addresses first",
        put_wallet_first,
        _ME,
        body=shapes.ONE_WALLET,
        codes=("INVALID_ADDRESS",),
    ),
    _ACCOUNT.posts(
        "/me/wallets/remove",
        "Remove one of your wallet addresses",
        remove_wallet,
        _ME,
        body=shapes.ONE_WALLET,
        codes=("INVALID_ADDRESS",),
    ),
    _ACCOUNT.deletes(
        "/me/dids/{did}",
        "Give one of your DIDs up",
        remove_did,
        (Answered(204, "It is yours no more."),),
        body=NOTHING,
        codes=("STATE_CONFLICT",),
    ),
    _ACCOUNT.gets(
        "/me/sign-in",
        "Read what you can sign in with",
        show_means,
        Answered(200, "Password, recovery codes and passkeys.", shapes.MEANS, shapes.MEANS_EXAMPLE),
    ),
    _ACCOUNT.puts(
        "/me/password",
        "Set or change your password",
        set_password,
        _ENDED,
        body=shapes.SET_PASSWORD,
        codes=("SIGN_IN_FAILED", "STATE_CONFLICT"),
        fresh=True,
    ),
    _ACCOUNT.posts(
        "/me/recovery-codes",
        "Make recovery codes",
        make_recovery_codes,
        (Answered(201, "The codes, this once.", shapes.RECOVERY_CODES, shapes.RECOVERY_CODES_EXAMPLE),),
        body=NOTHING,
        codes=("SEALED",),
        fresh=True,
    ),
    _ACCOUNT.deletes(
        "/me/passkeys/{id}",
        "Remove one of your passkeys",
        remove_passkey,
        (Answered(204, "It signs nobody in any more."),),
        body=NOTHING,
        codes=("STATE_CONFLICT",),
        fresh=True,
    ),
    _ACCOUNT.gets(
        "/me/sessions",
        "List the browsers that you are signed in with",
        list_sessions,
        Answered(200, "The open sessions, newest first.", shapes.SESSION_LIST, [shapes.SESSION_EXAMPLE]),
    ),
    _ACCOUNT.deletes(
        "/me/sessions/{id}",
        "End one of your sessions",
        end_session,
        (Answered(204, "The browser is signed out."),),
        body=NOTHING,
    ),
    _ACCOUNT.posts(
        "/me/sessions/end-others",
        "End every session but the one that calls",
        end_other_sessions,
        (_ENDED,),
        body=NOTHING,
    ),
)
