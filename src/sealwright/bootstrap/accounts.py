"""How people come in and are written to: passwords, passkeys, wallets, the organization's own sign-in, mail."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from sealwright.adapters.key_export import encrypt_with_passphrase
from sealwright.adapters.mail import OutboxFolder, SmtpMailer
from sealwright.adapters.outbound import Allowance, FetchRefused, GuardedOutbound
from sealwright.adapters.passkeys import WebAuthnPasskeys
from sealwright.adapters.passwords import Argon2Passwords
from sealwright.adapters.wallet_proofs import EthereumProofs
from sealwright.bootstrap.ground import Ground
from sealwright.domain.errors import MalformedBody
from sealwright.services.accounts import AccountDesks, AccountNeighbors, AccountPorts, AccountTerms, join_accounts
from sealwright.services.desk_ports import Mailer
from sealwright.services.letters import LetterHead
from sealwright.services.mailing import MailingDesk
from sealwright.services.outside_sign_in import OutsideProvider
from sealwright.settings import (
    SettingRefused,
    Settings,
)
from sealwright.settings.keeping import keep_public_url
from sealwright.vc.errors import Fault


def accounts_of(ground: Ground, near: AccountNeighbors, allowance: Allowance, public_url: str) -> AccountDesks:
    settings = ground.settings
    ports = AccountPorts(
        hasher=Argon2Passwords(),
        passkeys=WebAuthnPasskeys(public_url, settings.organization),
        wallets=EthereumProofs(),
        encrypt=encrypt_with_passphrase,
        provider=_outside_provider(ground, allowance),
        keep_public_url=lambda url: _keep_public_url(settings, url),
        is_reachable=lambda url: _is_reachable(GuardedOutbound(allowance), url),
    )
    terms = AccountTerms(public_url, settings.organization, settings.default_locale.value, settings.open_registration)
    return join_accounts(near, ports, terms)


def _outside_provider(ground: Ground, allowance: Allowance) -> OutsideProvider | None:
    """The organization's own sign-in, where one is set up; raises OidcExtraMissing."""
    settings, secret_file = ground.settings, ground.settings.oidc_client_secret_file
    if settings.oidc_issuer is None or settings.oidc_client_id is None or secret_file is None:
        return None
    # Imported here, because the module behind it is an extra that most offices do not have.
    from sealwright.adapters.oidc import OidcProvider

    # The operator has named this host, so it may be private; what it refers to is judged like any stranger's.
    host = urlsplit(settings.oidc_issuer).hostname or ""
    return OidcProvider(
        settings.oidc_issuer,
        settings.oidc_client_id,
        secret=lambda: secret_file.read_text(encoding="utf-8").strip(),
        outbound=GuardedOutbound(Allowance(allowance.hosts | {host}, allowance.networks)),
        now=ground.clock.now,
    )


def _keep_public_url(settings: Settings, url: str) -> None:
    """Keep the base of every link for the next start; what is refused is a member of a form here."""
    try:
        keep_public_url(settings.home, url, os.environ)
    except SettingRefused as error:
        fault = Fault("/public_url", "INVALID_VALUE", f"{error.reason}; accepted: {error.accepted}")
        raise MalformedBody("The public URL cannot be taken.", faults=[fault]) from error


def _is_reachable(outbound: GuardedOutbound, url: str) -> bool:
    try:
        outbound.fetch(url, accept="application/json", max_bytes=4096)
    except FetchRefused:
        return False
    return True


def mailing_of(ground: Ground, public_url: str) -> MailingDesk:
    settings = ground.settings
    if settings.smtp_url is not None and settings.mail_from is not None:
        mailer: Mailer = SmtpMailer(
            settings.smtp_url.reveal(), sender=settings.mail_from, organization=settings.organization
        )
    else:
        mailer = OutboxFolder(
            settings.home / "outbox",
            sender=settings.mail_from or "office@localhost.invalid",
            organization=settings.organization,
        )
    return MailingDesk(
        ground.units,
        mailer,
        ground.clock,
        head=LetterHead(settings.organization, public_url),
        default_locale=settings.default_locale.value,
    )
