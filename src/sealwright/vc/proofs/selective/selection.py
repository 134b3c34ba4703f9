"""JSON pointers to a part of a document: what is chosen, whole, and around it what says whose and of which type it is.

Spec: Data Integrity ECDSA Cryptosuites 1.0, "selectJsonLd", "createInitialSelection", "selectPaths"; RFC 6901.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, TypeAlias

from sealwright.vc.encoding.strict_json import MAX_DEPTH, JSONValue
from sealwright.vc.errors import DerivationInvalid

MAX_POINTERS: Final = 200
MAX_POINTER_LENGTH: Final = 2_048

# Longer choices are read each time: what strangers send must not fill a memory.
_MAX_REMEMBERED_LENGTH: Final = 1_024
_MOST_INDEX_DIGITS: Final = 6
# Whatever is shown of an object, its identity and type go with it; a context of its own decides what its terms mean.
_ALWAYS: Final = ("@context", "id", "@id", "type", "@type")

# Steps below a node that were asked for; None where the node is asked for whole.
_Asked: TypeAlias = "dict[str, _Asked | None]"


def select(document: Mapping[str, JSONValue], pointers: Iterable[str]) -> dict[str, JSONValue]:
    """The part of a document that pointers ask for.

    A value that is pointed at is taken whole. Of each object on the way to it the members ``@context``, ``id`` and
    ``type`` are taken besides; arrays lose what was not asked for and keep their order.

    Args:
        document: A document with ``@context``; not altered.
        pointers: RFC 6901; the empty text asks for the document whole. At most 200.

    Returns:
        A document that shares nothing with the one given. Members stand in the order that they had there.

    Raises:
        DerivationInvalid: No pointer at all, too many, or one that is malformed or leads nowhere; `pointer` names it.
    """
    asked, covered = _asked(tuple(pointers))
    for pointer in covered:
        resolve(document, pointer)
    if asked is None:
        return {name: _copy(value) for name, value in document.items()}
    return _of_object(document, asked, "")


def resolve(document: JSONValue | Mapping[str, JSONValue], pointer: str) -> JSONValue:
    """The value at a pointer.

    Raises:
        DerivationInvalid: Malformed, or it leads nowhere.
    """
    value: object = document
    for step in split_pointer(pointer):
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif isinstance(value, list) and (index := _index(step)) is not None and index < len(value):
            value = value[index]
        else:
            raise _nowhere(pointer)
    return value  # type: ignore[return-value]  # a document holds JSON values only


@lru_cache(maxsize=1_024)
def split_pointer(pointer: str) -> tuple[str, ...]:
    """The steps of a pointer, unescaped.

    Raises:
        DerivationInvalid: It does not begin with a slash, has a stray tilde, is too long or too deep.

    Spec: RFC 6901, sections 3 and 4.
    """
    if not pointer:
        return ()
    if len(pointer) > MAX_POINTER_LENGTH or not pointer.startswith("/") or pointer.count("/") > MAX_DEPTH:
        raise DerivationInvalid("A JSON pointer begins with a slash and is of moderate length.", pointer=pointer[:256])
    steps = pointer[1:].split("/")
    if "~" in pointer:
        for step in steps:
            if "~" in step.replace("~0", "").replace("~1", ""):
                raise DerivationInvalid("A tilde in a JSON pointer is followed by 0 or 1.", pointer=pointer)
        steps = [step.replace("~1", "/").replace("~0", "~") for step in steps]
    return tuple(steps)


def _asked(pointers: tuple[str, ...]) -> tuple[_Asked | None, tuple[str, ...]]:
    """The pointers as a tree (None: the document whole), and those that others cover, so that the tree forgot them."""
    if not pointers:
        raise DerivationInvalid("Nothing is chosen to be shown.")
    if len(pointers) > MAX_POINTERS:
        raise DerivationInvalid(f"At most {MAX_POINTERS} JSON pointers can be given.")
    return _tree(pointers) if sum(map(len, pointers)) > _MAX_REMEMBERED_LENGTH else _remembered(pointers)


# Credentials of one batch have the same mandatory pointers, and holders choose from a few.
@lru_cache(maxsize=256)
def _remembered(pointers: tuple[str, ...]) -> tuple[_Asked | None, tuple[str, ...]]:
    return _tree(pointers)


def _tree(pointers: tuple[str, ...]) -> tuple[_Asked | None, tuple[str, ...]]:
    whole = {split_pointer(pointer) for pointer in pointers}
    root: _Asked = {}
    covered = []
    for pointer in dict.fromkeys(pointers):
        steps = split_pointer(pointer)
        if any(steps[:length] in whole for length in range(len(steps))):
            covered.append(pointer)
            continue
        node = root
        for step in steps[:-1]:
            node = node.setdefault(step, {})  # type: ignore[assignment]  # what is asked for whole has nothing below
        if steps:
            node[steps[-1]] = None
    return (None if () in whole else root), tuple(covered)


def _of_object(node: Mapping[str, JSONValue], asked: _Asked, at: str) -> dict[str, JSONValue]:
    if not asked.keys() <= node.keys():
        raise _nowhere(f"{at}/{_escaped(next(iter(asked.keys() - node.keys())))}")
    chosen: dict[str, JSONValue] = {}
    for name, value in node.items():
        if name in asked:
            below = asked[name]
            part = _copy(value) if below is None else _below(value, below, f"{at}/{_escaped(name)}")
            # One type of several would make the object another one.
            chosen[name] = _copy(value) if name in _ALWAYS else part
        elif name in _ALWAYS and not (isinstance(value, str) and value.startswith("_:")):
            chosen[name] = _copy(value)
    return chosen


def _below(value: JSONValue, asked: _Asked, at: str) -> JSONValue:
    if isinstance(value, dict):
        return _of_object(value, asked, at)
    if not isinstance(value, list):
        raise _nowhere(f"{at}/{_escaped(next(iter(asked)))}")
    chosen: list[tuple[int, JSONValue]] = []
    for step, below in asked.items():
        index = _index(step)
        if index is None or index >= len(value):
            raise _nowhere(f"{at}/{_escaped(step)}")
        item = value[index]
        chosen.append((index, _copy(item) if below is None else _below(item, below, f"{at}/{step}")))
    return [item for _, item in sorted(chosen, key=lambda pair: pair[0])]


def _index(step: str) -> int | None:
    """An array index, which has no sign and no leading zero."""
    if not step.isascii() or not step.isdigit() or len(step) > _MOST_INDEX_DIGITS or (step[0] == "0" and step != "0"):
        return None
    return int(step)


def _copy(value: JSONValue) -> JSONValue:
    if isinstance(value, dict):
        return {name: _copy(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def _nowhere(pointer: str) -> DerivationInvalid:
    return DerivationInvalid("A JSON pointer leads nowhere in the credential.", pointer=pointer)
