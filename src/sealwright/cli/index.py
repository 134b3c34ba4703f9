"""Every command by name, without importing any: the table that help is printed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Entry:
    """Where a command lives, and what it does in one line.

    Args:
        module: Imported only when the command runs.
        attribute: A function, or a Typer group when the command has commands of its own.
        document_at: Where in its input stands what the standards floor judges, for pointers in problems.
    """

    module: str
    attribute: str
    summary: str
    document_at: str = ""


COMMANDS: Final[Mapping[str, Entry]] = {
    "init": Entry("sealwright.cli.setup", "init", "Set the office up; again is harmless"),
    "setup-link": Entry("sealwright.cli.setup", "setup_link", "A new one-time link to set the office up by a browser"),
    "serve": Entry("sealwright.cli.serving", "serve", "Serve HTTP until stopped"),
    "worker": Entry("sealwright.cli.working", "worker", "Do background work until stopped"),
    "demo": Entry("sealwright.cli.setup", "demo", "Seed the documentation's examples"),
    "user": Entry("sealwright.cli.people", "users", "People: create, list, show, role, deactivate, activate, token"),
    "token": Entry("sealwright.cli.people", "tokens", "Personal tokens: create, list, revoke"),
    "did": Entry("sealwright.cli.dids", "dids", "DIDs: create, import, rotate, deactivate, resolve, list"),
    "schema": Entry("sealwright.cli.schemas", "schemas", "Credential schemas: register, list, show, deactivate"),
    "type": Entry("sealwright.cli.catalog", "types", "Credential types: create, update, list, show, retire, delete"),
    "issuer": Entry("sealwright.cli.issuers", "issuers", "Issuers: list, show, approve, scopes, suspend, reject, end"),
    "request": Entry(
        "sealwright.cli.requests", "requests", "Requests for credentials: list, show, approve, reject, ask"
    ),
    "holder": Entry("sealwright.cli.holders", "holders", "Who holds what: find, show"),
    "api-key": Entry("sealwright.cli.api_keys", "api_keys", "Issuers' API keys: create, list, revoke"),
    "agent": Entry("sealwright.cli.agents", "agents", "Agents: tools, create, list, show, update, decommission"),
    "delegation": Entry(
        "sealwright.cli.delegations", "delegations", "Delegations: create, list, show, narrow, authorize"
    ),
    "approval": Entry("sealwright.cli.approvals", "approvals", "What agents ask people: list, show, approve, decline"),
    "webhook": Entry("sealwright.cli.webhooks", "webhooks", "Webhook endpoints: create, list"),
    "issue": Entry("sealwright.cli.credentials", "issue", "Issue a credential from a file", "/claims"),
    "batch": Entry("sealwright.cli.batches", "batches", "Batches from files: check, run, resume, status"),
    "credential": Entry("sealwright.cli.credentials", "credentials", "Stored credentials: show"),
    "deliver": Entry("sealwright.cli.delivering", "deliver", "Offer a credential to its holder"),
    "revoke": Entry("sealwright.cli.credentials", "revoke", "Revoke credentials for good"),
    "reissue": Entry("sealwright.cli.mass", "reissue", "Issue credentials anew with the issuer's present key"),
    "suspend": Entry("sealwright.cli.credentials", "suspend", "Suspend a credential"),
    "reinstate": Entry("sealwright.cli.credentials", "reinstate", "End a suspension"),
    "derive": Entry("sealwright.cli.deriving", "derive", "Show a part of a credential, and nothing more"),
    "present": Entry("sealwright.cli.presenting", "present", "Show credentials to a verifier, signed by their holder"),
    "verify": Entry("sealwright.cli.verifying", "verify", "Verify what is shown, offline: 0 sound, 1 not, 2 open"),
    "audit": Entry("sealwright.cli.auditing", "audit", "The audit trail: verify, export"),
    "receipt": Entry("sealwright.cli.receipts", "receipt", "Receipts of anchors: verify"),
    "verify-store": Entry("sealwright.cli.auditing", "verify_store", "Re-read everything that is stored"),
    "recount": Entry("sealwright.cli.operations", "recount", "Count the requests of the queue again"),
    "migrate": Entry("sealwright.cli.setup", "migrate", "Bring the database to this version"),
    "halt": Entry("sealwright.cli.operations", "halt", "Stop issuing"),
    "resume": Entry("sealwright.cli.operations", "resume", "Go on issuing"),
    "keys": Entry("sealwright.cli.operations", "keys", "Signing keys: rotate"),
    "doctor": Entry("sealwright.cli.checkup", "doctor", "Check this installation and say what to mend"),
    "openapi": Entry("sealwright.cli.operations", "openapi", "Print the OpenAPI document"),
    "version": Entry("sealwright.cli.operations", "version", "Print the version"),
}

USAGE: Final = "Usage: sealwright COMMAND [OPTIONS] [--json] [--quiet]"


def help_text() -> str:
    """The page that ``--help`` prints."""
    width = max(len(name) for name in COMMANDS) + 2
    lines = [f"  {name:<{width}}{entry.summary}" for name, entry in COMMANDS.items()]
    return "\n".join(
        [
            USAGE,
            "",
            "A credential office: issue, deliver, verify and revoke W3C verifiable credentials.",
            "",
            "Commands:",
            *lines,
            "",
            "Options of every command:",
            "  --json    One JSON object on stdout; errors as a problem object on stderr",
            "  --quiet   No messages on stderr, only data and errors",
            "  --help    What a command takes",
            "",
            "Exit codes: 0 done, 1 failure, 2 usage or bad setting, 3 not allowed, 4 not found,",
            "5 conflict, 6 validation, 7 rate limited, 8 some rows failed.",
        ]
    )
