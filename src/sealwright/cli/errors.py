"""From an error to an exit code and to what is printed: one table for the whole command line."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from sealwright.cli.misuse import (
    CONFLICT,
    FAILURE,
    NOT_ALLOWED,
    NOT_FOUND,
    RATE_LIMITED,
    USAGE,
    VALIDATION,
    Misused,
)
from sealwright.domain import errors as domain
from sealwright.settings import SettingRefused
from sealwright.vc import errors as vc

if TYPE_CHECKING:
    from sealwright.cli.output import Output

# Told as bad settings, by name: importing their modules here would cost every command the database driver.
_BAD_SETTINGS: Final = frozenset(
    {
        "sealwright.storage.errors.StoreRefused",
        "sealwright.adapters.kek.KekRefused",
        "sealwright.adapters.oidc.OidcExtraMissing",
    }
)


EXIT_CODES: Final[Mapping[type[Exception], int]] = {
    Misused: USAGE,
    SettingRefused: USAGE,
    domain.NotSignedIn: NOT_ALLOWED,
    domain.NotAllowed: NOT_ALLOWED,
    domain.SignInFailed: NOT_ALLOWED,
    domain.NotFound: NOT_FOUND,
    domain.Gone: NOT_FOUND,
    vc.DIDNotResolved: NOT_FOUND,
    domain.Conflict: CONFLICT,
    domain.PreconditionFailed: CONFLICT,
    domain.Unprocessable: VALIDATION,
    vc.DIDUnresolvable: FAILURE,
    vc.VcError: VALIDATION,
    domain.RateLimitExceeded: RATE_LIMITED,
    domain.SigningFailed: FAILURE,
    domain.MailNotSent: FAILURE,
    domain.OfficeClosed: FAILURE,
}


def exit_code_for(error: BaseException) -> int:
    """The exit code of an error; a failure when it is in no table."""
    if _is_bad_setting(error):
        return USAGE
    return next((EXIT_CODES[kind] for kind in type(error).__mro__ if kind in EXIT_CODES), FAILURE)


def report(error: Exception, output: Output, command: str, *, document_at: str = "") -> int:
    """Tell an error on stderr and give the exit code.

    Args:
        command: The command as typed, for the problem's ``instance``.
        document_at: Where in the file that was read the judged document stood.
    """
    from sealwright.cli.output import write_json, write_line

    members = _members(error, command, document_at)
    if output.json:
        write_json(sys.stderr, members)
    else:
        write_line(sys.stderr, _one_line(members))
    return exit_code_for(error)


def _members(error: Exception, command: str, document_at: str) -> dict[str, object]:
    if isinstance(error, Misused):
        return _plain_problem("USAGE", "The command cannot be carried out as given", 400, str(error), command)
    if isinstance(error, SettingRefused) or _is_bad_setting(error):
        return _plain_problem("INVALID_SETTING", "A setting is refused", 400, str(error), command)
    from sealwright.web.problems import INTERNAL, problem_for, problem_members

    if problem_for(error) is INTERNAL:
        return _plain_problem(INTERNAL.code, INTERNAL.title, INTERNAL.status, _where(error), command)
    members = problem_members(error, base_url="", instance=command, request_id="", document_at=document_at)
    del members["requestId"]
    extra = getattr(error, "extra", None)
    return {**extra, **members} if isinstance(extra, Mapping) else members


def _is_bad_setting(error: BaseException) -> bool:
    return any(f"{kind.__module__}.{kind.__qualname__}" in _BAD_SETTINGS for kind in type(error).__mro__)


def _plain_problem(code: str, title: str, status: int, detail: str, command: str) -> dict[str, object]:
    return {
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "instance": command,
        "retryable": False,
        "errors": [],
    }


def _where(error: Exception) -> str:
    """Name a failure by its kind and place; its text may hold what must not be printed."""
    place, trace = "", error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_globals.get("__name__", "")
        if isinstance(name, str) and name.startswith("sealwright"):
            place = f" in {name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return f"Unexpected {type(error).__name__}{place}."


def _one_line(members: Mapping[str, object]) -> str:
    from sealwright.cli.output import printable

    faults = members.get("errors")
    places = [_place(fault, members["detail"]) for fault in (faults if isinstance(faults, list) else [])]
    tail = f" ({'; '.join(filter(None, places))})" if any(places) else ""
    return printable(f"sealwright: {members['code']}: {members['detail']}{tail}")


def _place(fault: Mapping[str, str], detail: object) -> str:
    """Where a fault is and what it is, without repeating what the error as a whole says."""
    told = "" if fault["detail"] == detail else fault["detail"].removesuffix(".")
    return " ".join(filter(None, (fault["pointer"], told)))
