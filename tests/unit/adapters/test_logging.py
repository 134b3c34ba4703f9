"""Logs: what is on the list passes, canaries never do, by whatever road they come."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from sealwright.adapters.logging import ALLOWED_MEMBERS, configure_logging

CANARY = "canary-7f3aQx"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Give the process its logging back."""
    root = logging.getLogger()
    names = ["sealwright", "uvicorn.error", "uvicorn.access", "sqlalchemy.engine", "py.warnings"]
    before = [(logging.getLogger(name), logging.getLogger(name).level) for name in names]
    handlers, level, hooks = list(root.handlers), root.level, (sys.excepthook, threading.excepthook, sys.unraisablehook)
    raising, disabled = logging.raiseExceptions, logging.getLogger("uvicorn.access").disabled
    yield
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    for logger, old in before:
        logger.setLevel(old)
        logger.propagate = True
    logging.getLogger("uvicorn.access").disabled = disabled
    logging.raiseExceptions = raising
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    structlog.reset_defaults()


def configured(*, level: str = "debug", as_json: bool = True) -> io.StringIO:
    stream = io.StringIO()
    configure_logging(level=level, as_json=as_json, stream=stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_listed_members_pass_from_both_kinds_of_logger() -> None:
    stream = configured()
    structlog.get_logger("sealwright.web").warning(
        "call not served",
        code="SEALED",
        cause="OperationalError SQLITE_FULL",
        request_id="req_abc",
        route="/api/v1/credentials/{id}",
        status=503,
    )
    logging.getLogger("sealwright.services.issuance").error(
        "signing failed", extra={"credential_id": "urn:uuid:0192", "kind": "SigningFailed"}
    )
    first, second = lines(stream)
    assert first["event"] == "call not served"
    assert first["logger"] == "sealwright.web"
    assert first["level"] == "warning"
    assert (first["code"], first["request_id"], first["status"]) == ("SEALED", "req_abc", 503)
    assert first["route"] == "/api/v1/credentials/{id}"
    assert first["cause"] == "OperationalError SQLITE_FULL"
    assert first["at"].endswith("Z")
    assert (second["credential_id"], second["kind"]) == ("urn:uuid:0192", "SigningFailed")


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "text"])
def test_members_off_the_list_never_appear(as_json: bool) -> None:
    stream = configured(as_json=as_json)
    members: dict[str, Any] = {
        "claims": {"name": CANARY},
        "password": CANARY,
        "body": CANARY.encode(),
        "email": f"{CANARY}@example.org",
        "authorization": f"Bearer {CANARY}",
        "error": RuntimeError(CANARY),
        "detail": CANARY,
        "sql": f"INSERT {CANARY}",
    }
    structlog.get_logger("sealwright.web").error("refused", **members)
    structlog.get_logger("sealwright.web").bind(**members).info("bound")
    logging.getLogger("sealwright.web").error("refused", extra=members)
    logging.getLogger("sealwright.web").error("refused %s", CANARY)
    assert stream.getvalue().count("\n") == 4
    assert CANARY not in stream.getvalue()


@pytest.mark.parametrize("name", sorted(ALLOWED_MEMBERS))
def test_listed_names_do_not_carry_other_kinds_of_values(name: str) -> None:
    stream = configured()
    for value in ({"x": CANARY}, [CANARY], CANARY.encode(), f'{{"name": "{CANARY}"}}', f"x\n{CANARY}", f"@{CANARY} !"):
        structlog.get_logger("sealwright").error("event", **{name: value})
    assert CANARY not in stream.getvalue()


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "text"])
def test_exceptions_are_told_by_class_and_place(as_json: bool) -> None:
    stream = configured(as_json=as_json)
    try:
        try:
            raise KeyError(CANARY)
        except KeyError as error:
            raise ValueError(f"bad {CANARY}") from error
    except ValueError:
        structlog.get_logger("sealwright.web").exception("internal error")
        logging.getLogger("sealwright.services").exception("issuing round failed")
        logging.getLogger("sqlalchemy.pool").exception("Exception during reset of %s", CANARY)
    text = stream.getvalue()
    assert CANARY not in text
    assert text.count("\n") == 3
    assert text.count("builtins.ValueError") == 3
    assert text.count("builtins.KeyError") == 3
    assert "test_exceptions_are_told_by_class_and_place" in text


def test_chains_made_by_others_pass_only_in_form() -> None:
    stream = configured()
    structlog.get_logger("sealwright.web").error(
        "internal error",
        chain=[
            {"error": "builtins.ValueError", "frames": ["/a/b.py:12 f", f"{CANARY}\n=x", 3], "message": CANARY},
            CANARY,
        ],
    )
    structlog.get_logger("sealwright.web").error("internal error", chain=CANARY)
    first, second = lines(stream)
    assert first["chain"] == [{"error": "builtins.ValueError", "frames": ["/a/b.py:12 f"]}]
    assert "chain" not in second
    assert CANARY not in stream.getvalue()


def test_libraries_are_told_by_place_and_only_from_warning_on() -> None:
    stream = configured(level="debug")
    engine = logging.getLogger("sqlalchemy.engine")
    engine.info("INSERT INTO people VALUES (%s)", CANARY)
    engine.debug(CANARY)
    engine.warning(f"statement {CANARY}")
    logging.getLogger("uvicorn.access").info('%s - "%s"', "203.0.113.9", f"GET /{CANARY}")
    logging.getLogger("uvicorn.access").error(CANARY)
    logging.getLogger("uvicorn.error").info("Started server process [%d]", 4711)
    logging.getLogger("uvicorn.error").info(f"Uvicorn running on {CANARY}")
    logging.getLogger("httpcore2.connection").warning("connect_tcp.started host=%r", CANARY)
    warnings.warn(CANARY, stacklevel=1)
    assert CANARY not in stream.getvalue()
    told = [(line["logger"], line["event"]) for line in lines(stream)]
    assert [name for name, _ in told] == [
        "sqlalchemy.engine",
        "uvicorn.error",
        "uvicorn.error",
        "httpcore2.connection",
        "py.warnings",
    ]
    assert told[0][1].startswith("message of a library at test_logging:")
    assert told[1][1] == "Started server process"
    assert lines(stream)[1]["pid"] == 4711


def test_handlers_that_libraries_brought_are_taken_over() -> None:
    own = io.StringIO()
    library = logging.getLogger("some.library")
    library.addHandler(logging.StreamHandler(own))
    library.propagate = False
    stream = configured()
    library.error(CANARY)
    assert own.getvalue() == ""
    assert len(lines(stream)) == 1
    assert CANARY not in stream.getvalue()


@pytest.mark.parametrize("level", ["info", "warning", "error"])
def test_level_is_kept(level: str) -> None:
    stream = configured(level=level)
    for name in ("debug", "info", "warning", "error"):
        getattr(structlog.get_logger("sealwright.web"), name)("event")
    order = ["debug", "info", "warning", "error"]
    assert [line["level"] for line in lines(stream)] == order[order.index(level) :]


NASTY = "a\nb\rc\x1b[31md\x00e\x7ff\u0085g\u2028h\u2029i\u202ej\ud800"


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "text"])
def test_control_and_separator_characters_are_escaped(as_json: bool) -> None:
    stream = configured(as_json=as_json)
    structlog.get_logger("sealwright.web").error(NASTY)
    text = stream.getvalue()
    assert text.endswith("\n")
    assert text[:-1].isprintable()
    assert text[:-1].isascii()
    assert len(text.splitlines()) == 1


def test_a_broken_line_prints_none_of_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    stream = configured()
    logging.getLogger("sealwright.web").error("one %s two %s", CANARY)  # noqa: PLE1206  (the broken line itself)
    logging.getLogger("sealwright.web").error(RuntimeError(CANARY))
    assert CANARY not in stream.getvalue() + capsys.readouterr().err
    assert lines(stream)[1]["event"] == "RuntimeError"


def test_errors_that_nobody_caught_are_told_by_class(capsys: pytest.CaptureFixture[str]) -> None:
    stream = configured()

    def fail() -> None:
        raise ValueError(CANARY)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join(5)
    try:
        fail()
    except ValueError:
        kind, error, trace = sys.exc_info()
        assert kind is not None
        assert error is not None
        sys.excepthook(kind, error, trace)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert CANARY not in stream.getvalue() + capsys.readouterr().err
    assert [line["event"] for line in lines(stream)] == ["a thread ended by an error", "the process ended by an error"]
    assert all(line["chain"][0]["error"] == "builtins.ValueError" for line in lines(stream))
