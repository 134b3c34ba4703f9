"""Forms: fields declared once, read strictly, all faults told at once, what was typed kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from typing import Final

from sealwright.locales import N_
from sealwright.web.auth.same_origin import CSRF_FIELD

TOKEN_FIELD: Final = CSRF_FIELD
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}")
# Without the ends of the calendar: the end of such a day, or the same moment in UTC, could lie beyond it.
_DATE: Final = re.compile(r"(?!0001|9999)[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Text without C0 controls but tab and line ends, and without what turns the reading direction over.
_REFUSED: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")

REQUIRED: Final = N_("Please fill this in.")
CHOOSE: Final = N_("Please choose one.")
TOO_LONG: Final = N_("At most %(limit)s characters, please; there are %(length)s.")
NOT_A_NUMBER: Final = N_("Give a whole number, such as 72.")
NOT_A_DATE: Final = N_("Give a date, such as 2027-11-20.")
NOT_OFFERED: Final = N_("Choose one of what is offered.")
BAD_CHARACTER: Final = N_("The text holds a character that cannot be kept.")
ONLY_ONE: Final = N_("Give this once.")


class Kind(Enum):
    """How a field's text is read."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    FLAG = "flag"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form or query.

    Args:
        name: As sent; one that ends in ``*`` stands for every name that begins so (claims of a credential schema).
        many: True where it may stand several times.
        max_length: In characters.
        choices: What a CHOICE may be.
        keep_spaces: True where blanks at the ends belong to the value (passwords).
        label: A text of the catalogs that names the field where its faults are listed.
    """

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False
    many: bool = False
    max_length: int = 2000
    choices: tuple[str, ...] = ()
    keep_spaces: bool = False
    label: str = ""

    @property
    def is_prefix(self) -> bool:
        """Tell whether it stands for many names."""
        return self.name.endswith("*")


class Form:
    """The fields that a page takes.

    Raises:
        ValueError: A name is declared twice.
    """

    def __init__(self, *fields: Field) -> None:
        self.fields: Final = fields
        self._by_name = {one.name: one for one in fields if not one.is_prefix}
        self._prefixes = tuple(one for one in fields if one.is_prefix)
        if len(self._by_name) + len(self._prefixes) != len(fields):
            raise ValueError("a field is declared twice")

    def field(self, name: str) -> Field | None:
        """The field that a sent name belongs to."""
        found = self._by_name.get(name)
        if found is None:
            found = next((one for one in self._prefixes if name.startswith(one.name[:-1])), None)
        return found

    def read(self, sent: Iterable[tuple[str, str]], files: Iterable[Upload] = (), *, judged: bool = True) -> FormData:
        """Read what was sent; faults are gathered, not raised.

        Args:
            judged: False passes over what is not declared and takes malformed values as absent: for queries.
        """
        data = FormData(self)
        for name, text in sent:
            one = self.field(name)
            if one is None:
                if judged:
                    data.unknown.append(name)
                continue
            # No text that anybody looks for holds it, and not every store can be asked about it.
            if judged or "\x00" not in text:
                data.take(one, name, text)
        for upload in files:
            if (one := self.field(upload.field_name)) is None or one.kind is not Kind.FILE:
                data.unknown.append(upload.field_name)
            elif upload.name or upload.content:
                data.uploads.setdefault(upload.field_name, []).append(upload)
        data.judge(self.fields if judged else ())
        return data


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it was sent; neither its name nor its announced kind is believed."""

    field_name: str
    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field (or, unnamed, with the whole form): a text of the catalogs and what fills it."""

    name: str
    text: str
    values: Mapping[str, object] = field(default_factory=dict)
    is_translated: bool = True


class FormData:
    """What was sent, read by a form: values, files, faults.

    Also what a template shows again after a fault; `FormData.blank` is what it shows first.
    """

    def __init__(self, form: Form) -> None:
        self.form = form
        self.errors: list[FieldError] = []
        self.unknown: list[str] = []
        self.uploads: dict[str, list[Upload]] = {}
        self.was_sent = True
        # Label and element id of each field as the page shows it: the list of faults names and links fields by them.
        self.shown: dict[str, tuple[str, str]] = {}
        self._values: dict[str, list[str]] = {}

    @classmethod
    def blank(cls, form: Form) -> FormData:
        """A form that nobody has filled in yet."""
        data = cls(form)
        data.was_sent = False
        return data

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def take(self, one: Field, name: str, text: str) -> None:
        """Keep one sent value."""
        value = text.replace("\r\n", "\n")
        self._values.setdefault(name, []).append(value if one.keep_spaces else value.strip())

    def judge(self, fields: Sequence[Field]) -> None:
        """Find everything that is wrong with what was sent."""
        for one in fields:
            if one.kind is Kind.FILE:
                if one.required and not self.uploads.get(one.name):
                    self.fail(one.name, REQUIRED)
                continue
            for name in self._names(one):
                self._judge_one(one, name)

    def _names(self, one: Field) -> Iterator[str]:
        if not one.is_prefix:
            yield one.name
            return
        yield from (name for name in self._values if self.form.field(name) is one)

    def _judge_one(self, one: Field, name: str) -> None:
        values = [value for value in self._values.get(name, []) if value]
        if not values:
            if one.required:
                self.fail(name, CHOOSE if one.kind is Kind.CHOICE or one.many else REQUIRED)
            return
        if len(values) > 1 and not one.many:
            self.fail(name, ONLY_ONE)
        for value in values:
            if len(value) > one.max_length:
                self.fail(name, TOO_LONG, limit=one.max_length, length=len(value))
            elif _REFUSED.search(value):
                self.fail(name, BAD_CHARACTER)
            elif (fault := _fault_of(one, value)) is not None:
                self.fail(name, fault)

    def fail(self, name: str, text: str, /, **values: object) -> None:
        """Say what is wrong with a field; an empty name means the whole form."""
        self.errors.append(FieldError(name, text, values))

    def fail_in_words(self, name: str, sentence: str) -> None:
        """The same with a finished sentence, which is shown as it is."""
        self.errors.append(FieldError(name, sentence, is_translated=False))

    def show(self, name: str, label: str, at: str) -> None:
        """Note under which label, and where on the page, a field stands."""
        self.shown[name] = (label, at)

    def error_of(self, name: str) -> FieldError | None:
        """The first fault of a field."""
        return next((error for error in self.errors if error.name == name), None)

    def text(self, name: str, default: str = "") -> str:
        """A value as text; the default where it is absent or empty."""
        values = self._values.get(name)
        return (values[-1] if values else "") or default

    def optional(self, name: str) -> str | None:
        """A value as text, or None where it is absent or empty."""
        return self.text(name) or None

    def many(self, name: str) -> tuple[str, ...]:
        """Every value of a field that may stand several times, empty ones left out, each once."""
        return tuple(dict.fromkeys(value for value in self._values.get(name, []) if value))

    def number(self, name: str, default: int = 0) -> int:
        """A whole number; the default where it is absent or not one."""
        text = self.text(name)
        return int(text) if _NUMBER.fullmatch(text) else default

    def date(self, name: str) -> date | None:
        """A date, or None where it is absent or not one."""
        text = self.text(name)
        try:
            return date.fromisoformat(text) if _DATE.fullmatch(text) else None
        except ValueError:
            return None

    def flag(self, name: str) -> bool:
        """Tell whether a box was ticked."""
        return self.text(name) in {"1", "on", "true", "yes"}

    def choice(self, name: str, default: str) -> str:
        """One of a CHOICE's values; the default where it is absent or another."""
        one = self.form.field(name)
        text = self.text(name)
        return text if one is not None and text in one.choices else default

    def file(self, name: str) -> Upload | None:
        """An uploaded file, if one was sent."""
        return next(iter(self.uploads.get(name, ())), None)

    def files(self, name: str) -> tuple[Upload, ...]:
        """Every file of a field."""
        return tuple(self.uploads.get(name, ()))

    def under(self, prefix: str) -> dict[str, str]:
        """The values of names that begin so, by the rest of their name."""
        return {
            name.removeprefix(prefix): values[-1] for name, values in self._values.items() if name.startswith(prefix)
        }

    def pairs(self) -> list[tuple[str, str]]:
        """Everything that was sent and declared, as pairs in order; empty values left out."""
        return [(name, value) for name, values in self._values.items() for value in values if value]


def _fault_of(one: Field, value: str) -> str | None:
    if one.kind is Kind.NUMBER and not _NUMBER.fullmatch(value):
        return NOT_A_NUMBER
    if one.kind is Kind.DATE and not _is_date(value):
        return NOT_A_DATE
    if one.kind is Kind.CHOICE and value not in one.choices:
        return NOT_OFFERED
    return None


def _is_date(text: str) -> bool:
    try:
        return _DATE.fullmatch(text) is not None and date.fromisoformat(text) is not None
    except ValueError:
        return False


NO_FORM: Final = Form()
