"""The names of all settings, the form each accepts, and the refusal that stops the start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PREFIX: Final = "SEALWRIGHT_"

# The accepted form of every setting. The keys are the known names; the reference page is compared with them.
ACCEPTED: Final[Mapping[str, str]] = {
    "HOME": "a writable folder, or one that can be made",
    "BIND": "host:port, with a port of 0 to 65535 and IPv6 hosts in brackets",
    "PUBLIC_URL": "https://host[:port] in normal form without path, query or trailing slash; http only for loopback",
    "DATABASE_URL": "sqlite:///file or postgresql://user:password@host:port/database",
    "KEK": "32 bytes as base64, and not KEK_FILE too; with PostgreSQL one of the two is needed",
    "KEK_FILE": "a file of mode 0600 with 32 bytes as base64, and not KEK too",
    "WORKERS": "an integer from 1 to 64",
    "JOB_CONCURRENCY": "an integer from 1 to 64",
    "ORGANIZATION": "1 to 200 characters without control characters",
    "DEFAULT_LOCALE": "en or es",
    "OPEN_REGISTRATION": "true or false",
    "IMPROVER_SELF_SERVICE": "true or false",
    "UNDO_SECONDS": "an integer from 0 to 60",
    "RATE_ISSUE_PER_MINUTE": "an integer, 0 for no limit",
    "RATE_BATCH_PER_MINUTE": "an integer, 0 for no limit",
    "RATE_WRITE_PER_MINUTE": "an integer, 0 for no limit",
    "RATE_ACT_PER_MINUTE": "an integer, 0 for no limit",
    "RATE_READ_PER_MINUTE": "an integer, 0 for no limit",
    "RATE_PUBLIC_PER_MINUTE": "an integer, 0 for no limit",
    "BODY_MAX_BYTES": "an integer of 1024 or more",
    "BATCH_BODY_MAX_BYTES": "an integer of 1024 or more",
    "ROWS_MAX_BYTES": "an integer of 1024 or more",
    "BATCH_INLINE_MAX": "an integer of 1 or more",
    "BATCH_ROWS_MAX": "an integer of 1 or more",
    "STATUS_LIST_BITS": "a multiple of 8 from 131072 to 1048576",
    "STATUS_LIST_CAPACITY": "an integer from 1 to STATUS_LIST_BITS",
    "STATUS_TTL_SECONDS": "an integer from 0 to 86400",
    "OFFER_TTL_SECONDS": "an integer from 60 to 86400",
    "ACCESS_TOKEN_TTL_SECONDS": "an integer from 60 to 3600",
    "IDEMPOTENCY_TTL_SECONDS": "an integer of 3600 or more",
    "VOTE_COUNTDOWN_SECONDS": "an integer of 1 or more",
    "PROPOSAL_LIFETIME_SECONDS": "an integer of 1 or more",
    "SCHEDULER_INTERVAL_SECONDS": "an integer from 1 to 60",
    "ANCHOR": "off, log, or evm with EVM_RPC_URL and EVM_KEY_FILE",
    "EVM_RPC_URL": "an http or https URL, with ANCHOR=evm",
    "EVM_KEY_FILE": "a file of mode 0600, with ANCHOR=evm",
    "DEFAULT_REVOCATION_POLICY": "keep_current_release_future, release_unstarted, release_all or retain_all",
    "EXPIRATION_MAX_YEARS": "an integer of 1 or more",
    "SIGNING_KEY_MAX_AGE_DAYS": "an integer of 1 or more",
    "OUTBOUND_RESOLUTION": "off, did-web or did-web+status",
    "OUTBOUND_ALLOW": "host names and address ranges, separated by commas",
    "SMTP_URL": "smtp://host:port or smtps://host:port, with a user and password if needed",
    "MAIL_FROM": "an e-mail address, with SMTP_URL",
    "OIDC_ISSUER": "an https URL (http for loopback), with OIDC_CLIENT_ID and OIDC_CLIENT_SECRET_FILE",
    "OIDC_CLIENT_ID": "a client id, with OIDC_ISSUER and OIDC_CLIENT_SECRET_FILE",
    "OIDC_CLIENT_SECRET_FILE": "a file of mode 0600, with OIDC_ISSUER and OIDC_CLIENT_ID",
    "METRICS_TOKEN": "16 to 512 printable characters without blanks",
    "AGENT_KEY": "16 to 512 printable characters without blanks",
    "LOG_LEVEL": "debug, info, warning or error",
    "LOG_FORMAT": "json or text",
    "OTEL_ENDPOINT": "an http or https URL",
    "TRUSTED_PROXIES": "address ranges, separated by commas",
    "AUDIT_EXPORT_DIR": "a folder",
    "CHECKPOINT_INTERVAL_SECONDS": "an integer from 1 to 3600",
    "PKCS11_MODULE": "the path of a PKCS#11 library, with PKCS11_TOKEN and PKCS11_PIN_FILE",
    "PKCS11_TOKEN": "a token label of 1 to 32 characters, with PKCS11_MODULE and PKCS11_PIN_FILE",
    "PKCS11_PIN_FILE": "a file of mode 0600, with PKCS11_MODULE and PKCS11_TOKEN",
}
SETTING_NAMES: Final = tuple(ACCEPTED)
# Values of these never appear in a message, and a settings file that holds one must be private.
SECRET_NAMES: Final = frozenset({"KEK", "DATABASE_URL", "METRICS_TOKEN", "SMTP_URL", "EVM_RPC_URL", "AGENT_KEY"})
LIST_NAMES: Final = frozenset({"OUTBOUND_ALLOW", "TRUSTED_PROXIES"})


class SettingRefused(Exception):
    """A setting that stops the start.

    Args:
        name: With its prefix, as in the environment.
        reason: What is wrong; it never quotes a secret.
        accepted: The form that would pass.
    """

    def __init__(self, name: str, reason: str, accepted: str) -> None:
        super().__init__(f"{name}: {reason}; accepted: {accepted}")
        self.name = name
        self.reason = reason
        self.accepted = accepted


def refusal(name: str, reason: str, accepted: str | None = None) -> SettingRefused:
    """Refuse a known setting, telling the form that it accepts."""
    return SettingRefused(PREFIX + name, reason, accepted or ACCEPTED[name])
