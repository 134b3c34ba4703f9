"""Query parameters: declared once, read strictly, shown in the API document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from sealwright.domain.errors import InvalidFilter, InvalidPagination, MalformedBody, NotSignedIn
from sealwright.vc.encoding.timestamps import parse_rfc3339
from sealwright.vc.errors import Fault, InvalidDate
from sealwright.web.shape import JSONSchema, compile_schema

MAX_VALUE_BYTES: Final = 1024
MAX_REPEATS: Final = 100
_SECRET_NAMES: Final = frozenset({"access_token", "api_key", "apikey", "token", "authorization"})
_SECRET_PREFIXES: Final = ("swp_", "swk_")


@dataclass(frozen=True)
class Parameter:
    """One query parameter.

    Args:
        schema: JSON Schema of the value; ``integer`` and ``boolean`` are read from their one spelling.
        is_page: True for what pages a list; its faults are INVALID_PAGINATION.
        repeatable: True where it may stand several times; its value is then a tuple.
        folds_case: True where upper and lower case are one.
    """

    name: str
    schema: JSONSchema
    description: str
    is_page: bool = False
    repeatable: bool = False
    folds_case: bool = False
    validator: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "validator", compile_schema(self.schema))

    def read(self, text: str) -> Any:
        """Turn the text into a value of the declared type; raises on anything else."""
        value: Any = text.lower() if self.folds_case else text
        if self.schema.get("type") == "integer":
            # One spelling only: no sign, no leading zero, no digits of other scripts.
            is_plain = text.isascii() and text.isdigit() and (text == "0" or text[0] != "0") and len(text) <= 15
            value = int(text) if is_plain else None
        elif self.schema.get("type") == "boolean":
            value = {"true": True, "false": False}.get(text)
        if value is None or len(text.encode("utf-8", "replace")) > MAX_VALUE_BYTES or "\x00" in text:
            raise self.refusal("is not of the allowed form")
        if not self.validator.is_valid(value):
            raise self.refusal("is outside what is allowed")
        if self.schema.get("format") == "date-time":
            try:
                return parse_rfc3339(text)
            except InvalidDate as error:
                raise self.refusal("must be a date and time with a zone") from error
        return value

    def refusal(self, detail: str) -> InvalidPagination | InvalidFilter:
        """The refusal of a value of this parameter."""
        kind = InvalidPagination if self.is_page else InvalidFilter
        code = "INVALID_PAGINATION" if self.is_page else "INVALID_FILTER"
        return kind(f"The query parameter {self.name} {detail}.", faults=[Fault(f"/{self.name}", code, detail)])


@dataclass(frozen=True)
class QueryShape:
    """The query parameters of a route. A lenient one ignores what it does not know, as its standard demands."""

    parameters: tuple[Parameter, ...] = ()
    lenient: bool = False

    def read(self, query: bytes) -> dict[str, Any]:
        """Read a query string.

        Raises:
            MalformedBody: An unknown parameter (UNKNOWN_FIELD).
            InvalidPagination, InvalidFilter: A value that is refused, or a parameter sent twice.
        """
        if not query:
            return {}
        known = {parameter.name: parameter for parameter in self.parameters}
        values: dict[str, Any] = {}
        for name, text in split_query(query):
            parameter = known.get(name)
            if parameter is None:
                if self.lenient:
                    continue
                raise MalformedBody(
                    "A query parameter is not known here.",
                    faults=[Fault("", "UNKNOWN_FIELD", "a query parameter is not known here")],
                )
            if parameter.repeatable:
                known_so_far = values.get(name, ())
                if len(known_so_far) == MAX_REPEATS:
                    raise parameter.refusal(f"may stand at most {MAX_REPEATS} times")
                values[name] = (*known_so_far, parameter.read(text))
                continue
            if name in values:
                raise parameter.refusal("must stand once")
            values[name] = parameter.read(text)
        return values


def split_query(query: bytes) -> list[tuple[str, str]]:
    """Take a query string apart.

    Raises:
        InvalidFilter: An escape that is not UTF-8.
    """
    pairs = []
    for part in query.split(b"&"):
        if part:
            name, _, value = part.partition(b"=")
            pairs.append((_decoded(name), _decoded(value)))
    return pairs


def _decoded(text: bytes) -> str:
    try:
        return unquote_to_bytes(text.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidFilter("The query is not UTF-8.", faults=[Fault("", "INVALID_FILTER", "is not UTF-8")]) from error


def refuse_secrets(query: bytes) -> None:
    """Refuse bearer secrets in an address: they would end in logs and histories.

    Raises:
        NotSignedIn: Something that looks like one stands there.
    """
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        text = value.decode("latin-1")
        if name.decode("latin-1").lower() in _SECRET_NAMES or text.startswith(_SECRET_PREFIXES):
            raise NotSignedIn("A token or key is not accepted in the address; send it in the Authorization header.")


LIMIT: Final = Parameter(
    "limit",
    {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
    "How many items a page holds.",
    is_page=True,
)
CURSOR: Final = Parameter(
    "cursor",
    {"type": "string", "minLength": 1, "maxLength": 512},
    "`nextCursor` of the page before.",
    is_page=True,
)
NO_QUERY: Final = QueryShape()


def paged(*parameters: Parameter) -> QueryShape:
    """A cursor list's parameters: these, and the page."""
    return QueryShape((*parameters, LIMIT, CURSOR))


def page_of(query: Mapping[str, Any]) -> tuple[int, str | None]:
    """The page that a query asks for: how many, and from which cursor."""
    return query.get("limit", 20), query.get("cursor")
