"""The part of a credential that a holder shows under BbsBlsSignature2020, chosen by JSON pointers or a JSON-LD frame.

Whatever is chosen, all statements of the credential node itself are shown with it, those of its issuer, status and
schema, and its subjects' identifiers and types: without them a verifier could not judge what it is shown.

Spec: BBS+ Signatures 2020 (W3C CCG ldp-bbs2020), "Derive Proof Algorithm"; RFC 6901; JSON-LD 1.1 Framing.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol, TypeAlias, cast

from sealwright.vc.canon.rdfc import MAX_STEPS, WorkBudget, canonicalize_quads
from sealwright.vc.canon.terms import RDF_TYPE, Quad, line
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import DerivationInvalid, DocumentRefused, ProofInvalid
from sealwright.vc.proofs.canonical import CanonicalForms
from sealwright.vc.proofs.selective.selection import MAX_POINTERS, resolve, split_pointer
from sealwright.vc.proofs.suites.bbs2020_absence import VOCABULARY
from sealwright.vc.proofs.suites.bbs2020_statements import (
    PLACEHOLDER,
    document_messages,
    has_placeholder,
    message,
    placed,
    quads_of,
    signed_quads,
)
from sealwright.vc.proofs.suites.disclosure import Covered, Wish
from sealwright.vc.proofs.suites.suite import Hashing

_Place: TypeAlias = tuple[str | int, ...]
# Steps below a value that were asked for; None where it is asked for whole.
_Asked: TypeAlias = "dict[str, _Asked | None]"

_SECONDS: Final = 2.0
# Names that tell a blank node's place until its label is known; no document may hold them, nor any placeholder.
_MARK: Final = f"{PLACEHOLDER}at-"
_WHOLE: Final = ("issuer", "credentialStatus", "credentialSchema")
_SUBJECT: Final = "credentialSubject"


class ShowingForms(CanonicalForms, Protocol):
    """What showing a part asks of canonicalization besides canonical forms; `vc.canon.Canonicalizer` is the one."""

    def unnamed_nodes(self, document: Mapping[str, Any], *, allow_inline: bool = False) -> tuple[_Place, ...]:
        """The places of the objects that become nodes without a name."""
        ...

    def frame(self, quads: Iterable[Quad], frame: Mapping[str, Any]) -> dict[str, Any]:
        """What a frame makes of statements."""
        ...


def shown_part(covered: Covered, messages: Sequence[bytes], wish: Wish) -> tuple[dict[str, JSONValue], list[int]]:
    """The document that shows what is wished for, and the positions of its statements among those that were signed.

    Args:
        covered: The credential.
        messages: The statements of its document, as signed.
        wish: Pointers or a frame.

    Raises:
        DerivationInvalid: A pointer or frame that leads nowhere, or a part that the signature does not cover as it is.
        DocumentRefused: The frame is malformed or too large, or names contexts that are not pinned.
    """
    signed = quads_of(messages)
    if has_placeholder(signed):
        raise DerivationInvalid("An identifier in the credential begins as the names of its unnamed nodes do.")
    if wish.frame is not None:
        if wish.pointers:
            raise DerivationInvalid("Pointers and a frame exclude each other.", pointer="/frame")
        part = _framed(covered, signed, wish.frame)
    else:
        part = _pointed(covered, signed, wish.pointers)
    return part, _positions(part, messages, signed, covered.hashing)


def _positions(
    part: Mapping[str, JSONValue], messages: Sequence[bytes], signed: Sequence[Quad], hashing: Hashing
) -> list[int]:
    """Where the statements of a part were signed; everything that must be shown has to be among them."""
    try:
        shown = signed_quads(document_messages(part, hashing))
    except ProofInvalid as error:
        raise DerivationInvalid(f"Such a part cannot be shown. {error.detail}") from error
    except DocumentRefused as error:
        raise DerivationInvalid(f"Such a part is no document by itself. {error.detail}") from error
    place_of = {text: position for position, text in enumerate(messages)}
    places = [place_of.get(message(quad)) for quad in shown]
    found = [place for place in places if place is not None]
    if len(found) != len(places):
        raise DerivationInvalid("The part says what the credential does not: a list or a value is cut in two.")
    if missing := _always_shown(signed, _subject_of(part)) - set(found):
        raise DerivationInvalid(f"The frame keeps back {len(missing)} statements that are always shown.")
    return sorted(found)


def _subject_of(part: Mapping[str, JSONValue]) -> str:
    text = _name_in(part)
    label = text.removeprefix(PLACEHOLDER)
    return label if label.startswith("_:") else f"<{text}>"


def _always_shown(signed: Sequence[Quad], credential: str) -> set[int]:
    """Positions of the statements that no derivation keeps back."""
    whole = {credential}
    subjects = set()
    known = {f"<{VOCABULARY}{member}>" for member in _WHOLE}
    for subject, predicate, object_, _ in signed:
        if subject == credential and predicate in known:
            whole.add(object_)
        elif subject == credential and predicate == f"<{VOCABULARY}{_SUBJECT}>":
            subjects.add(object_)
    return {
        position
        for position, (subject, predicate, _, _) in enumerate(signed)
        if subject in whole or (subject in subjects and predicate == RDF_TYPE)
    }


def _pointed(covered: Covered, signed: Sequence[Quad], pointers: tuple[str, ...]) -> dict[str, JSONValue]:
    """What pointers choose, with what is always shown; blank nodes by their placeholders."""
    if not pointers:
        raise DerivationInvalid("Nothing is chosen to be shown.", pointer="/reveal")
    if len(pointers) > MAX_POINTERS:
        raise DerivationInvalid(f"At most {MAX_POINTERS} JSON pointers can be given.", pointer="/reveal")
    # Looked up in the document as it was given: nobody may point at what is only a placeholder.
    for pointer in pointers:
        resolve(covered.document, pointer)
    named = _with_names(covered, signed)
    typed = {subject for subject, predicate, _, _ in signed if predicate == RDF_TYPE}
    asked: _Asked | None = {}
    for steps in (*map(split_pointer, pointers), *_mandatory(named)):
        asked = _asking(asked, steps)
    return cast("dict[str, JSONValue]", _chosen(named, asked, typed))


def _with_names(covered: Covered, signed: Sequence[Quad]) -> dict[str, JSONValue]:
    """The document with a placeholder as identifier of each blank node."""
    canon = cast("ShowingForms", covered.hashing.canon)
    places = canon.unnamed_nodes(covered.document, allow_inline=covered.hashing.allow_inline)
    if not places:
        return dict(covered.document)
    # `id` is an identifier nearly everywhere; where contexts make it a claim, the keyword serves.
    for member in ("id", "@id"):
        marks = {place: f"{_MARK}{number}" for number, place in enumerate(places)}
        marked = _named(covered.document, marks, member)
        labels = _labels(marked, marks, signed, covered.hashing)
        if labels is not None:
            return _named(covered.document, labels, member)
    raise DerivationInvalid("The credential has nodes that pointers cannot tell apart; a frame may.", pointer="/reveal")


def _labels(
    marked: Mapping[str, JSONValue], marks: Mapping[_Place, str], signed: Sequence[Quad], hashing: Hashing
) -> dict[_Place, str] | None:
    """The placeholder that belongs to each place; None if the marks changed what the document says."""
    try:
        quads = quads_of(document_messages(marked, hashing))
    except DocumentRefused:
        return None
    blank = {f"<{mark}>": f"_:{mark.removeprefix(PLACEHOLDER)}" for mark in marks.values()}
    unmarked = [(blank.get(s, s), p, blank.get(o, o), blank.get(g, g)) for s, p, o, g in quads]
    budget = WorkBudget(MAX_STEPS, deadline=time.thread_time() + _SECONDS)
    dataset = canonicalize_quads(unmarked, budget)
    if dataset.lines != tuple(map(line, signed)):
        return None
    labels = {place: dataset.labels.get(f"_:{mark.removeprefix(PLACEHOLDER)}") for place, mark in marks.items()}
    return {place: f"{PLACEHOLDER}{label}" for place, label in labels.items() if label is not None}


def _named(document: Mapping[str, JSONValue], names: Mapping[_Place, str], member: str) -> dict[str, JSONValue]:
    """A copy of a document in which the objects at these places have these identifiers."""

    def copy(node: JSONValue, at: _Place) -> JSONValue:
        if isinstance(node, dict):
            members = {name: value if name == "@context" else copy(value, (*at, name)) for name, value in node.items()}
            # A member `id` that is there already is a claim, as the object has no identifier.
            return {("@id" if "id" in node else member): names[at], **members} if at in names else members
        if isinstance(node, list):
            return [copy(item, (*at, index)) for index, item in enumerate(node)]
        return node

    return cast("dict[str, JSONValue]", copy(dict(document), ()))


def _mandatory(named: Mapping[str, JSONValue]) -> Iterator[tuple[str, ...]]:
    """The steps to what is always shown: each member at the top, of objects their identifier and type alone."""
    for name, value in named.items():
        if name.startswith("@") or name in _WHOLE:
            yield (name,)
            continue
        several = isinstance(value, list)
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            here = (name, str(index)) if several else (name,)
            identifier = next((member for member in ("@id", "id") if isinstance(item, dict) and member in item), None)
            yield here if identifier is None else (*here, identifier)


def _asking(asked: _Asked | None, steps: tuple[str, ...]) -> _Asked | None:
    """What was asked for before, and the value at the end of these steps whole."""
    if asked is None or not steps:
        return None
    return {**asked, steps[0]: _asking(asked.get(steps[0], {}), steps[1:])}


def _chosen(node: JSONValue, asked: _Asked | None, typed: set[str]) -> JSONValue:
    if asked is None or not isinstance(node, dict | list):
        return node
    if isinstance(node, list):
        return [_chosen(item, asked[str(index)], typed) for index, item in enumerate(node) if str(index) in asked]
    kept = _kept(node, typed)
    return {
        name: _chosen(value, asked[name], typed) if name in asked else value
        for name, value in node.items()
        if name in asked or name in kept
    }


def _kept(node: Mapping[str, JSONValue], typed: set[str]) -> frozenset[str]:
    """Members that go with whatever is shown of an object: contexts, its identifier, and its types, without which its
    members may have no meaning. A claim that is called `type` or `id` is none of them."""
    if "@id" in node or "@type" in node:
        name = node.get("@id", node.get("id"))
        return frozenset({"@context", "@type", "@id" if "@id" in node else "id", *_type_of(name, node, typed)})
    return frozenset({"@context", "id", *_type_of(node.get("id"), node, typed)})


def _type_of(name: JSONValue, node: Mapping[str, JSONValue], typed: set[str]) -> tuple[str, ...]:
    text = name if isinstance(name, str) else ""
    label = text.removeprefix(PLACEHOLDER)
    term = label if label.startswith("_:") else f"<{text}>"
    return ("type",) if term in typed and "@type" not in node else ()


def _framed(covered: Covered, signed: Sequence[Quad], frame: Mapping[str, JSONValue]) -> dict[str, JSONValue]:
    """What a frame makes of the credential."""
    canon = cast("ShowingForms", covered.hashing.canon)
    renamed = [(placed(s), p, placed(o), placed(g)) for s, p, o, g in signed]
    part = canon.frame(renamed, _completed(frame, covered, renamed))
    if "@graph" in part or part.keys() <= {"@context"}:
        raise DerivationInvalid("The frame does not lead to the credential alone.", pointer="/frame")
    # A reader expects arrays and objects where a processor that compacts leaves single values.
    with suppress(DerivationInvalid):
        # Where objects cannot be told apart, their values stay as the processor left them, and mean the same.
        part = _shaped(part, _arrays(_with_names(covered, signed)))
    for name in ("@context", "type"):
        if not isinstance(part.get(name, []), list):
            part[name] = [part[name]]
    if isinstance(part.get(_SUBJECT), str):
        part[_SUBJECT] = {"id": part[_SUBJECT]}
    return part


def _arrays(node: JSONValue) -> set[tuple[str, str]]:
    """The members that are arrays, each with the identifier of its object."""
    if isinstance(node, list):
        return set().union(*map(_arrays, node))
    if not isinstance(node, dict):
        return set()
    here = {(_name_in(node), name) for name, value in node.items() if isinstance(value, list)}
    return here.union(*(_arrays(value) for name, value in node.items() if name != "@context"))


def _shaped(node: Any, arrays: set[tuple[str, str]]) -> Any:
    """The same with an array around each single value that stood in one."""
    if isinstance(node, list):
        return [_shaped(item, arrays) for item in node]
    if not isinstance(node, dict):
        return node
    name = _name_in(node)
    shaped = {}
    for member, value in node.items():
        inner = value if member == "@context" else _shaped(value, arrays)
        shaped[member] = [inner] if (name, member) in arrays and not isinstance(inner, list) else inner
    return shaped


def _name_in(node: Mapping[str, Any]) -> str:
    name = node.get("@id", node.get("id"))
    return name if isinstance(name, str) else ""


def _completed(frame: Mapping[str, JSONValue], covered: Covered, quads: Sequence[Quad]) -> dict[str, JSONValue]:
    """The frame, asking also for what is always shown; where it is explicit, for no more than that."""
    document = covered.document
    completed: dict[str, JSONValue] = {"@context": covered.contexts, **frame}
    name = _credential_name(document, quads)
    if any(frame[member] != name for member in ("id", "@id") if member in frame):
        raise DerivationInvalid("The frame names another node than the credential.", pointer="/frame/id")
    if "id" not in frame:
        completed["@id"] = name
    if "type" not in frame and "@type" not in frame:
        # The terms of a credential are those of its type.
        completed["type"] = "VerifiableCredential"
    is_explicit = completed.get("@explicit") is True
    for name in document:
        if name in _WHOLE:
            completed[name] = {"@explicit": False}
        elif is_explicit and name not in completed and not name.startswith("@") and name not in {"id", "type"}:
            completed[name] = {"@explicit": True}
    return completed


def _credential_name(document: Mapping[str, JSONValue], quads: Sequence[Quad]) -> str:
    """The identifier, or placeholder, of the credential among its statements."""
    name = document.get("id")
    if isinstance(name, str):
        return name
    wanted = f"<{VOCABULARY}VerifiableCredential>"
    found = {subject for subject, predicate, object_, _ in quads if predicate == RDF_TYPE and object_ == wanted}
    if len(found) != 1:
        raise DerivationInvalid("The credential cannot be told from those inside it.", pointer="/frame")
    return found.pop()[1:-1]
