"""Log lines that carry only what is on a list: ids, codes, durations, counts; all else is left out, not masked.

One formatter stands at the end of every road into the log: our own loggers, structlog's, those of libraries,
warnings, and exceptions that nobody caught. What it does not know does not pass. Exceptions are told by class
and by places in the code, because their messages quote SQL parameters, claims and secrets.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import traceback
import types
import unicodedata
from collections.abc import Mapping, MutableMapping
from datetime import UTC, datetime
from typing import Final, TextIO

import structlog

OUR_LOGGER: Final = "sealwright"
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:#%~@+-]{0,255}")
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_. -]{0,79}")
_ROUTE: Final = re.compile(r"/[A-Za-z0-9/_{}:.*-]{0,199}")
_PLACE: Final = re.compile(r"[A-Za-z0-9_./<>: -]{1,300}")
_MOST_EVENT_CHARACTERS: Final = 200
_MOST_LINKS: Final = 10
_MOST_FRAMES: Final = 40

# Members by the kind of value they may have. A member that is not here, or has another kind of value, is left out.
_IDS: Final = frozenset(
    {
        "request_id",
        "credential_id",
        "issuer_did",
        "schema_id",
        "list_id",
        "key_id",
        "kek_id",
        "did",
        "user_id",
        "api_key_id",
        "token_id",
        "halt_id",
        "batch_id",
        "event_id",
        "version",
    }
)
_WORDS: Final = frozenset(
    {
        "code",
        "cause",
        "kind",
        "action",
        "chore",
        "method",
        "proof_type",
        "reason_code",
        "outcome",
        "state",
        "signal",
    }
)
_ROUTES: Final = frozenset({"route"})
_NUMBERS: Final = frozenset(
    {
        "status",
        "duration_ms",
        "seconds",
        "count",
        "orders",
        "rows",
        "sequence",
        "port",
        "pid",
        "worker",
        "workers",
        "attempt",
        "bytes",
        "depth",
        "epoch",
        "first_bad",
        "retry_after_seconds",
        "is_sealed",
    }
)
ALLOWED_MEMBERS: Final = _IDS | _WORDS | _ROUTES | _NUMBERS

# Messages of libraries that say something and quote nothing. All others are told by their place in the code.
_KNOWN_TEMPLATES: Final = frozenset(
    {
        "Started server process [%d]",
        "Finished server process [%d]",
        "Started parent process [%d]",
        "Stopping parent process [%d]",
        "Waiting for application startup.",
        "Application startup complete.",
        "Application startup failed. Exiting.",
        "Waiting for application shutdown.",
        "Application shutdown complete.",
        "Shutting down",
        "Waiting for connections to close. (CTRL+C to force quit)",
        "Invalid HTTP request received.",
        "Exception in ASGI application\n",
        "ASGI callable returned without completing response.",
        "Task exception was never retrieved",
    }
)
# How such a message ends that tells the number of a process; the number is a member of its own here.
_PROCESS: Final = " [%d]"
_STANDARD: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


def configure_logging(*, level: str, as_json: bool, stream: TextIO | None = None) -> None:
    """Send every log line through the list, to one stream.

    Libraries speak from `warning` on whatever the level, because at `debug` and `info` they echo SQL and requests.
    Also caught: warnings, and exceptions that end the process or a thread.

    Args:
        level: ``debug`` to ``error``; for our own loggers.
        as_json: One JSON object a line; otherwise one readable line.
        stream: Standard error by default.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(ListedFormatter(as_json=as_json))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    wanted = logging.getLevelNamesMapping()[level.upper()]
    root.setLevel(max(wanted, logging.WARNING))
    logging.getLogger(OUR_LOGGER).setLevel(wanted)
    # The server's own start and stop are worth a line; its access log would carry paths and addresses.
    logging.getLogger("uvicorn.error").setLevel(max(wanted, logging.INFO))
    for name in list(logging.root.manager.loggerDict):
        found = logging.getLogger(name)
        found.handlers.clear()
        found.propagate = True
    access = logging.getLogger("uvicorn.access")
    access.disabled = True
    access.propagate = False
    # A line that cannot be formatted would otherwise be printed by the library with all its arguments.
    logging.raiseExceptions = False
    logging.captureWarnings(capture=True)
    _catch_the_uncaught()
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, _hand_over],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _hand_over(
    _logger: object, _method: str, event_dict: MutableMapping[str, object]
) -> tuple[tuple[object], dict[str, object]]:
    """Turn a structlog event into a record whose members our formatter finds under one name."""
    exc_info = event_dict.pop("exc_info", None)
    event = event_dict.pop("event", "")
    return (event,), {"exc_info": exc_info, "extra": {"sealwright_members": dict(event_dict)}}


class ListedFormatter(logging.Formatter):
    """Writes a record with the members on the list, and nothing else of it.

    Args:
        as_json: One JSON object a line; otherwise one readable line.
    """

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        """One line, without line breaks or control characters in it."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _event_of(record),
        }
        for name, value in _members_of(record).items():
            if _is_listed(name, value):
                line[name] = value
        chain = _chain_of(record)
        if chain:
            line["chain"] = chain
        if self._as_json:
            # ASCII only, so that no separator or direction mark of Unicode reaches a terminal or a line reader.
            return json.dumps(line, ensure_ascii=True, separators=(",", ":")).replace("\x7f", "\\u007f")
        return _as_text(line)


def _is_ours(name: str) -> bool:
    return name == OUR_LOGGER or name.startswith(f"{OUR_LOGGER}.")


def _event_of(record: logging.LogRecord) -> str:
    # The template, never the message: arguments are values.
    template = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
    if _is_ours(record.name) or template in _KNOWN_TEMPLATES:
        return template.removesuffix(_PROCESS).strip()[:_MOST_EVENT_CHARACTERS]
    return f"message of a library at {record.module}:{record.lineno}"


def _members_of(record: logging.LogRecord) -> Mapping[str, object]:
    handed_over = record.__dict__.get("sealwright_members")
    if isinstance(handed_over, dict):
        return handed_over
    if isinstance(record.msg, str) and record.msg.endswith(_PROCESS) and record.msg in _KNOWN_TEMPLATES:
        return {"pid": record.args[0]} if isinstance(record.args, tuple) and record.args else {}
    return {name: value for name, value in record.__dict__.items() if name not in _STANDARD}


def _is_listed(name: str, value: object) -> bool:
    if name in _NUMBERS:
        return isinstance(value, int | float)
    form = _ID if name in _IDS else _WORD if name in _WORDS else _ROUTE if name in _ROUTES else None
    return form is not None and isinstance(value, str) and form.fullmatch(value) is not None


def _chain_of(record: logging.LogRecord) -> list[dict[str, object]]:
    if isinstance(record.exc_info, tuple) and record.exc_info[1] is not None:
        return chain_of(record.exc_info[1])
    return _listed_chain(_members_of(record).get("chain"))


def _listed_chain(chain: object) -> list[dict[str, object]]:
    """Let a chain pass that somebody made as `chain_of` makes it."""
    links: list[dict[str, object]] = []
    for link in chain if isinstance(chain, list) else []:
        if isinstance(link, dict):
            frames = link.get("frames")
            places = [place for place in frames if _is_place(place)] if isinstance(frames, list) else []
            links.append({"error": link["error"] if _is_place(link.get("error")) else "", "frames": places})
    return links[:_MOST_LINKS]


def _is_place(value: object) -> bool:
    return isinstance(value, str) and _PLACE.fullmatch(value) is not None


def chain_of(error: BaseException) -> list[dict[str, object]]:
    """Tell an exception and its causes by class and by where in the code each arose; no message, no value."""
    links: list[dict[str, object]] = []
    current: BaseException | None = error
    while current is not None and len(links) < _MOST_LINKS:
        frames = traceback.extract_tb(current.__traceback__)[-_MOST_FRAMES:]
        links.append(
            {
                "error": f"{type(current).__module__}.{type(current).__qualname__}",
                "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
            }
        )
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return links


def _as_text(line: Mapping[str, object]) -> str:
    head = f"{line['at']} {str(line['level']).upper():7} {line['logger']}: {line['event']}"
    members = [
        f"{name}={value}" for name, value in line.items() if name not in {"at", "level", "logger", "event", "chain"}
    ]
    chain = line.get("chain")
    errors = (
        [f"error={link['error']} at {'; '.join(link['frames'][-3:])}" for link in chain]
        if isinstance(chain, list)
        else []
    )
    return _visible(" ".join([head, *members, *errors]))


def _visible(text: str) -> str:
    """Escape what would break a line or drive a terminal."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character if _is_visible(character) else character.encode("unicode_escape").decode("ascii")
        for character in text
    )


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def _catch_the_uncaught() -> None:
    log = logging.getLogger(OUR_LOGGER)

    def process(kind: type[BaseException], error: BaseException, trace: types.TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        log.critical("the process ended by an error", exc_info=(kind, error, trace))

    def thread(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None and not isinstance(arguments.exc_value, SystemExit):
            log.error("a thread ended by an error", exc_info=arguments.exc_value)

    def unraisable(arguments: sys.UnraisableHookArgs) -> None:
        log.error("an error had nowhere to go", exc_info=arguments.exc_value)

    sys.excepthook = process
    threading.excepthook = thread
    sys.unraisablehook = unraisable
