"""One's own account: profile, addresses, DIDs, tokens, notices, own data, and uploaded files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sealwright.domain.access import BearerSecret, PersonalToken
from sealwright.domain.errors import ExpirationInPast
from sealwright.domain.notices import Notice
from sealwright.domain.people import Caller, Person, Theme
from sealwright.services.attachments import ATTACHMENT_BYTES
from sealwright.services.desk_ports import Attachment
from sealwright.services.enrollment import Standing
from sealwright.services.ports import UnitOfWork
from sealwright.services.profile import CLEARABLE, ProfileChanges
from sealwright.services.wallets import OwnChallenge
from sealwright.vc.encoding.timestamps import format_timestamp, parse_rfc3339
from sealwright.web.api.desk_rendering import person as rendered_person
from sealwright.web.api.desk_routes import Family
from sealwright.web.api.rendering import moment
from sealwright.web.api.shapes import me as shapes
from sealwright.web.api.shapes import people_answers, people_examples
from sealwright.web.api.shapes.registry import NOTHING
from sealwright.web.call import Call, ok
from sealwright.web.page_lists import numbered, numbered_answer, page_asked, page_reply
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Bucket, Route
from sealwright.web.uploads import download, read_upload


def show(call: Call) -> Reply:
    """GET /me."""
    return ok(_person(call, call.office.people.get(call.caller.user_id)))


def change(call: Call) -> Reply:
    """PATCH /me."""
    body = call.body
    theme = body.get("theme")
    changes = ProfileChanges(
        display_name=body.get("display_name"),
        first_name=body.get("first_name"),
        last_name=body.get("last_name"),
        locale=body.get("locale"),
        theme=Theme(theme) if theme is not None else None,
        time_zone=body.get("time_zone"),
        shortcuts=body.get("shortcuts"),
        holder_did=body.get("holder_did"),
        clear=frozenset(name for name in CLEARABLE if name in body and body[name] is None),
    )
    return changed(call, lambda uow, caller: call.office.profile.change(uow, caller, changes), 200)


def add_email(call: Call) -> Reply:
    """POST /me/emails."""
    return changed(call, lambda uow, caller: call.office.profile.add_email(uow, caller, call.body["email"]))


def verify_email(call: Call) -> Reply:
    """POST /me/emails/verify."""
    return changed(call, lambda uow, caller: call.office.profile.verify_email(uow, caller, call.body["token"]))


def wallet_challenge(call: Call) -> Reply:
    """POST /me/wallets/challenge."""
    return call.perform(
        lambda uow, caller: call.office.wallets.challenge(uow, caller, call.body["address"]), _challenge
    )


def add_wallet(call: Call) -> Reply:
    """POST /me/wallets."""
    body = call.body

    def act(uow: UnitOfWork, caller: Caller) -> Person:
        return call.office.wallets.add(
            uow, caller, body["address"], body["message"], body["signature"], label=body.get("label")
        )

    return changed(call, act)


def did_challenge(call: Call) -> Reply:
    """POST /me/dids/challenge."""
    return call.perform(lambda uow, caller: call.office.own_dids.challenge(uow, caller, call.body["did"]), _challenge)


def add_did(call: Call) -> Reply:
    """POST /me/dids."""
    if (proof_types := call.body.get("proofTypes")) is not None:
        return changed(call, lambda uow, caller: call.office.own_dids.make(uow, caller, proof_types))
    # Outside the transaction, because another's did:web may have to be looked up.
    proved = call.office.own_dids.check_proof(call.body["did"], call.body["proof"])
    return changed(call, lambda uow, caller: call.office.own_dids.bind(uow, caller, proved))


def export_keys(call: Call) -> Reply:
    """POST /me/dids/{did}/export."""
    encrypted = call.office.acts.run(
        call.caller,
        lambda uow, caller: call.office.own_dids.export(uow, caller, call.params["did"], call.body["passphrase"]),
    )
    return ok({"encrypted_keys": encrypted})


def list_tokens(call: Call) -> Reply:
    """GET /me/tokens."""
    return ok([_token(token) for token in call.office.people.tokens_of(call.caller.user_id)])


def create_token(call: Call) -> Reply:
    """POST /me/tokens."""
    expires = call.body.get("expires_at")
    seconds = None
    if expires is not None:
        seconds = int((parse_rfc3339(expires) - call.office.clock.now()).total_seconds())
        if seconds <= 0:
            raise ExpirationInPast("The token would have ended before it began.")
    return call.perform(
        lambda uow, caller: call.office.people.create_token(uow, caller, caller.user_id, call.body["name"], seconds),
        lambda made: json_reply(_new_token(*made), 201),
        changes_registry=True,
        is_secret=True,
    )


def revoke_token(call: Call) -> Reply:
    """DELETE /me/tokens/{id}."""
    return call.perform(
        lambda uow, caller: call.office.people.revoke_token(uow, caller, call.params["id"]),
        lambda _: Reply(204, media_type=None),
        changes_registry=True,
    )


def list_notices(call: Call) -> Reply:
    """GET /me/notifications."""
    page, count = page_asked(call)
    return page_reply(call, call.office.notices.inbox(call.caller, page=page, count=count), _notice)


def export_data(call: Call) -> Reply:
    """GET /me/export."""
    return ok(call.office.own_data.export(call.caller))


def erase(call: Call) -> Reply:
    """DELETE /me."""
    user_id = call.caller.user_id
    return call.perform(
        call.office.own_data.erase,
        lambda _: json_reply({"user_id": user_id, "erased": True}, 202),
        changes_registry=True,
    )


def upload(call: Call) -> Reply:
    """POST /attachments."""
    name, content = read_upload(call)
    return call.perform(
        lambda uow, caller: call.office.attachments.upload(uow, caller, name, content),
        lambda kept: json_reply(_attachment(kept), 201),
    )


def fetch(call: Call) -> Reply:
    """GET /attachments/{id}."""
    return download(call.office.attachments.get(call.caller, call.params["id"]))


def changed(call: Call, act: Callable[[UnitOfWork, Caller], Person], status: int = 201) -> Reply:
    """Change the caller's account and answer with it; once per Idempotency-Key."""

    def carry_out(uow: UnitOfWork, caller: Caller) -> tuple[Person, Standing]:
        person = act(uow, caller)
        return person, call.office.enrollment.standing_of(uow, person)

    return call.perform(carry_out, lambda made: json_reply(rendered_person(*made), status), changes_registry=True)


def _person(call: Call, person: Person) -> dict[str, Any]:
    return rendered_person(person, call.office.enrollment.standing(call.caller))


def _challenge(made: OwnChallenge) -> Reply:
    return json_reply({"challenge": made.text, "expires_at": format_timestamp(made.expires_at)})


def _token(token: PersonalToken) -> dict[str, Any]:
    return {
        "token_id": token.token_id,
        "name": token.name,
        "created_at": format_timestamp(token.created_at),
        "expires_at": moment(token.expires_at),
        "revoked_at": moment(token.revoked_at),
    }


def _new_token(token: PersonalToken, secret: BearerSecret) -> dict[str, Any]:
    return {
        "token_id": token.token_id,
        "token": secret.text,
        "name": token.name,
        "expires_at": moment(token.expires_at),
    }


def _notice(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.notice_id,
        "kind": notice.kind.value,
        "data": dict(notice.data),
        "created_at": format_timestamp(notice.created_at),
        "read": notice.read_at is not None,
    }


def _attachment(kept: Attachment) -> dict[str, Any]:
    return {
        "attachment_id": kept.attachment_id,
        "name": kept.name,
        "media_type": kept.media_type,
        "bytes": len(kept.content),
        "sha256": kept.sha256,
    }


_ACCOUNT: Final = Family("Your account", Audience.PERSON, "U")
_FILES: Final = "Files"
_ME: Final = Answered(200, "The person.", people_answers.PERSON, people_examples.PERSON)
_ME_ADDED: Final = (Answered(201, "The person.", people_answers.PERSON, people_examples.PERSON),)
_CHALLENGED: Final = (Answered(200, "What to sign.", shapes.CHALLENGE, shapes.CHALLENGE_EXAMPLE),)

ROUTES: Final[tuple[Route, ...]] = (
    _ACCOUNT.gets("/me", "Read your account", show, _ME),
    Route(
        "PATCH",
        "/me",
        Audience.PERSON,
        "U",
        "Change your profile",
        change,
        (_ME,),
        "Your account",
        bucket=Bucket.WRITE,
        body=shapes.UPDATE_ME,
        codes=("INVALID_DID", "AUDIT_UNAVAILABLE"),
        takes_api_keys=False,
    ),
    _ACCOUNT.posts(
        "/me/emails",
        "Add an e-mail address; a letter asks to confirm it",
        add_email,
        _ME_ADDED,
        body=shapes.ADD_EMAIL,
        codes=("EMAIL_IN_USE", "STATE_CONFLICT"),
    ),
    _ACCOUNT.posts(
        "/me/emails/verify",
        "Confirm an e-mail address",
        verify_email,
        _ME_ADDED,
        body=shapes.VERIFY_EMAIL,
        codes=("TOKEN_USED", "EMAIL_IN_USE"),
    ),
    _ACCOUNT.posts(
        "/me/wallets/challenge",
        "Get the message that your wallet has to sign",
        wallet_challenge,
        _CHALLENGED,
        body=shapes.WALLET_CHALLENGE,
        codes=("INVALID_ADDRESS", "ADDRESS_IN_USE"),
    ),
    _ACCOUNT.posts(
        "/me/wallets",
        "Add a wallet address by its signature",
        add_wallet,
        _ME_ADDED,
        body=shapes.ADD_WALLET,
        codes=("INVALID_ADDRESS", "INVALID_PROOF", "ADDRESS_IN_USE", "STATE_CONFLICT"),
    ),
    _ACCOUNT.posts(
        "/me/dids/challenge",
        "Get the text that a key of your DID has to sign",
        did_challenge,
        _CHALLENGED,
        body=shapes.DID_CHALLENGE,
        codes=("INVALID_DID", "ADDRESS_IN_USE"),
    ),
    _ACCOUNT.posts(
        "/me/dids",
        "Add a DID that you control, or have one made",
        add_did,
        _ME_ADDED,
        body=shapes.ADD_DID,
        codes=(
            "INVALID_DID",
            "UNSUPPORTED_DID_METHOD",
            "DID_NOT_FOUND",
            "INVALID_PROOF",
            "ADDRESS_IN_USE",
            "STATE_CONFLICT",
            "UNSUPPORTED_PROOF_TYPE",
            "SEALED",
        ),
    ),
    Route(
        "POST",
        "/me/dids/{did}/export",
        Audience.PERSON,
        "U",
        "Take the keys of a DID along that the office keeps for you",
        export_keys,
        (Answered(200, "The keys, encrypted.", shapes.ENCRYPTED_KEYS, shapes.EXPORT_EXAMPLE),),
        "Your account",
        bucket=Bucket.WRITE,
        body=shapes.EXPORT_KEYS,
        codes=("FRESH_SIGN_IN_REQUIRED", "STATE_CONFLICT", "SEALED", "AUDIT_UNAVAILABLE"),
        takes_api_keys=False,
    ),
    _ACCOUNT.gets(
        "/me/tokens",
        "List your personal tokens",
        list_tokens,
        Answered(200, "The tokens, newest first.", shapes.TOKEN_LIST, [shapes.TOKEN_EXAMPLE]),
    ),
    Route(
        "POST",
        "/me/tokens",
        Audience.PERSON,
        "U",
        "Make a personal token",
        create_token,
        (Answered(201, "The token, this once.", shapes.NEW_TOKEN, shapes.NEW_TOKEN_EXAMPLE),),
        "Your account",
        bucket=Bucket.WRITE,
        body=shapes.CREATE_TOKEN,
        codes=("EXPIRATION_IN_PAST", "SEALED", "IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_IN_PROGRESS"),
        idempotent=True,
        takes_api_keys=False,
        fresh=True,
    ),
    _ACCOUNT.deletes(
        "/me/tokens/{id}",
        "Revoke one of your tokens",
        revoke_token,
        (Answered(204, "It opens nothing any more."),),
        body=NOTHING,
    ),
    _ACCOUNT.gets(
        "/me/notifications",
        "Read your notices, newest first",
        list_notices,
        numbered_answer(shapes.NOTICE, shapes.NOTICE_EXAMPLE, "One page."),
        query=numbered(),
    ),
    _ACCOUNT.gets(
        "/me/export",
        "Take a copy of your data",
        export_data,
        Answered(200, "All of it.", shapes.OWN_DATA, shapes.OWN_DATA_EXAMPLE),
    ),
    Route(
        "DELETE",
        "/me",
        Audience.PERSON,
        "U",
        "Erase your data",
        erase,
        (Answered(202, "They are erased.", shapes.ERASED, shapes.ERASED_EXAMPLE),),
        "Your account",
        bucket=Bucket.WRITE,
        body=NOTHING,
        codes=("LAST_ADMIN", "AUDIT_UNAVAILABLE"),
        takes_api_keys=False,
        fresh=True,
    ),
    Route(
        "POST",
        "/attachments",
        Audience.PERSON,
        "U",
        "Upload a file of up to 10 MiB: PNG, JPEG, WebP or PDF",
        upload,
        (Answered(201, "The file.", shapes.ATTACHMENT, shapes.ATTACHMENT_EXAMPLE),),
        _FILES,
        bucket=Bucket.WRITE,
        codes=("MISSING_FIELD", "UNKNOWN_FIELD", "INVALID_VALUE", "INVALID_BODY", "INVALID_UNICODE", "UPLOADS_FULL"),
        takes_api_keys=False,
        upload_bytes=ATTACHMENT_BYTES,
    ),
    Route(
        "GET",
        "/attachments/{id}",
        Audience.PERSON,
        "U, R of a request that it speaks for",
        "Download a file",
        fetch,
        (Answered(200, "The file, as a download.", media_type="application/octet-stream"),),
        _FILES,
        takes_api_keys=False,
    ),
)
