"""The statements of a document under secret labels, and which of them a set of pointers chooses.

Spec: Data Integrity ECDSA Cryptosuites 1.0, "canonicalizeAndGroup", "selectCanonicalNQuads",
"labelReplacementCanonicalizeJsonLd".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Protocol, cast

from sealwright.vc.canon.naming import Place
from sealwright.vc.canon.rdfc import WorkBudget, canonicalize_quads
from sealwright.vc.canon.terms import Quad, line, parse_line
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import DerivationInvalid, DocumentRefused, TooComplex, UnsignableValue
from sealwright.vc.proofs.selective.labels import Labelling, Labels
from sealwright.vc.proofs.selective.selection import select
from sealwright.vc.proofs.selective.skolem import deskolemized, skolemize, strip_names
from sealwright.vc.proofs.suites.suite import Hashing

MAX_STATEMENTS: Final = 1_024


class NamingForms(Protocol):
    """Tells which objects of a document become blank nodes; `vc.canon.Canonicalizer` is the one."""

    def unnamed_nodes(self, document: Mapping[str, JSONValue], *, allow_inline: bool = False) -> tuple[Place, ...]:
        """Places of these objects, or a `DocumentRefused`."""
        ...


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements of a whole document, as they are signed.

    Args:
        lines: In code point order under the labels that are signed, each with its line feed.
        labels: Canonical label of the whole document → label that is signed.
        hashing: How the document was canonicalized.
        named: The document with a name for each blank node, from which parts are chosen.
        places: Statement under those names → its index in `lines`.
    """

    lines: tuple[str, ...]
    labels: Labels
    hashing: Hashing
    named: Mapping[str, JSONValue]
    places: Mapping[str, int]

    def chosen(self, pointers: Sequence[str]) -> list[int]:
        """Indexes of the statements that the chosen part makes, ascending; none for no pointers.

        Raises:
            DerivationInvalid: A pointer leads nowhere, or the part by itself says what the whole does not.
        """
        return self.indexes(select(self.named, pointers)) if pointers else []

    def indexes(self, part: Mapping[str, JSONValue]) -> list[int]:
        """As `chosen`, for a part of `named` in hand."""
        places = self.places
        try:
            return sorted([places[text] for text in _forms(part, self.hashing)])
        except (KeyError, DocumentRefused) as error:
            raise DerivationInvalid("What is chosen cannot be shown without the rest of the document.") from error


def read_statements(
    document: Mapping[str, JSONValue], hashing: Hashing, labelling: Labelling, hmac_key: bytes
) -> Statements:
    """Canonicalize a document and put secret labels on its blank nodes.

    Args:
        document: Without proof.
        hashing: The canonicalizer and what it may accept.
        labelling: `hmac_labels` or `shuffled_labels`.
        hmac_key: 32 bytes.

    Raises:
        DocumentRefused: As `Canonicalizer.canonicalize`.
        UnsignableValue: Blank nodes that are not objects of the document: lists, named graphs, ``_:`` identifiers.
        TooComplex: More than 1,024 statements.
    """
    canon = hashing.canon
    # Looking for the one method costs a fiftieth of what looking for a protocol does.
    if not hasattr(canon, "unnamed_nodes"):
        raise TypeError("this canonicalizer cannot tell which objects are nodes")
    places = cast(NamingForms, canon).unnamed_nodes(document, allow_inline=hashing.allow_inline)
    named = skolemize(document, places)
    texts = _forms(named, hashing)
    if len(texts) > MAX_STATEMENTS:
        raise TooComplex(f"A document that is shown in part makes at most {MAX_STATEMENTS} statements.")
    quads = [deskolemized(text) for text in texts]
    dataset = canonicalize_quads(quads, WorkBudget())
    # Whatever has a blank node that we did not name, or means something else once its objects are named, is seen here.
    if any("_:" in text for text in texts) and any(_has_blank(parse_line(text)) for text in texts):
        raise UnsignableValue("The document holds blank nodes that have no place of their own.")
    if dataset.lines != tuple(_forms(document, hashing)):
        raise UnsignableValue("The document does not keep its meaning when its objects are named.")
    labels = labelling(hmac_key, sorted(dataset.labels.values()))
    final = {node: labels[label] for node, label in dataset.labels.items()}
    relabelled = sorted(zip((_relabelled(quad, final) for quad in quads), texts, strict=True))
    return Statements(
        lines=tuple(text for text, _ in relabelled),
        labels=labels,
        hashing=hashing,
        named=named,
        places={text: index for index, (_, text) in enumerate(relabelled)},
    )


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What is shown of a document, and how its statements are found again by somebody who has no more than that.

    Args:
        document: The part that is shown, without proof.
        mandatory: Indexes among the statements of the part: those that are always shown.
        selective: Indexes among the statements of the whole that are not mandatory: those shown besides.
        labels: Canonical label in the part → label that is signed.
    """

    document: dict[str, JSONValue]
    mandatory: list[int]
    selective: list[int]
    labels: Labels


def disclose(statements: Statements, mandatory: Sequence[str], selective: Sequence[str]) -> Disclosed:
    """Choose the part of a document that mandatory and selective pointers show together.

    Raises:
        DerivationInvalid: No pointer, one that leads nowhere, or a part that cannot stand alone.

    Spec: Data Integrity ECDSA Cryptosuites 1.0, "createDisclosureData", steps 4 to 12.
    """
    named = select(statements.named, (*mandatory, *selective))
    part = strip_names(named)
    always = set(statements.chosen(mandatory))
    shown = statements.indexes(named)
    quads = [parse_line(statements.lines[index]) for index in shown]
    dataset = canonicalize_quads(quads, WorkBudget())
    # The verifier has the part alone: it must make these statements and no other.
    if dataset.lines != tuple(_forms(part, statements.hashing)):
        raise DerivationInvalid("What is chosen cannot be shown without the rest of the document.")
    free = [index for index in range(len(statements.lines)) if index not in always]
    rank = {index: place for place, index in enumerate(free)}
    return Disclosed(
        document=part,
        mandatory=[place for place, index in enumerate(shown) if index in always],
        selective=[rank[index] for index in shown if index in rank],
        labels={canonical: label for label, canonical in dataset.labels.items()},
    )


@dataclass(frozen=True, slots=True)
class Received:
    """The statements of a part, as a verifier finds them.

    Args:
        mandatory: Those that the issuer wanted always shown, in order.
        others: The rest, in order.
    """

    mandatory: list[str]
    others: list[str]


def receive(
    document: Mapping[str, JSONValue], hashing: Hashing, labels: Labels, mandatory: Sequence[int]
) -> Received | None:
    """Canonicalize a part under the labels that were signed.

    Args:
        document: Without proof.
        hashing: The canonicalizer and what it may accept.
        labels: Canonical label in the part → label that was signed.
        mandatory: Indexes, ascending.

    Returns:
        None if the labels are not those of exactly the part's blank nodes, or an index is beyond its statements.

    Raises:
        DocumentRefused: As `Canonicalizer.canonicalize`.
    """
    texts = _forms(document, hashing)
    quads = [parse_line(text) for text in texts]
    if {term for quad in quads for term in (quad[0], quad[2], quad[3]) if term.startswith("_:")} != labels.keys():
        return None
    lines = sorted(_relabelled(quad, labels) for quad in quads)
    always = set(mandatory)
    if always and max(always) >= len(lines):
        return None
    return Received(
        mandatory=[lines[index] for index in mandatory],
        others=[text for index, text in enumerate(lines) if index not in always],
    )


def mandatory_hash(lines: Iterable[str]) -> bytes:
    """SHA-256 over the mandatory statements. Spec: Data Integrity ECDSA Cryptosuites 1.0, "hashMandatoryNQuads"."""
    return sha256("".join(lines).encode()).digest()


def _forms(document: Mapping[str, JSONValue], hashing: Hashing) -> list[str]:
    """The canonical statements of a document, each with its line feed."""
    form = hashing.canon.canonicalize(document, allow_inline=hashing.allow_inline, stranger=hashing.stranger)
    # Only the line feed ends a statement: literals may hold what else Python takes for the end of a line.
    return [f"{text}\n" for text in form.decode().split("\n")[:-1]]


def _relabelled(quad: Quad, labels: Mapping[str, str]) -> str:
    subject, predicate, object_, graph = quad
    get = labels.get
    return line((get(subject, subject), predicate, get(object_, object_), get(graph, graph) if graph else graph))


def _has_blank(quad: Quad) -> bool:
    return any(term.startswith("_:") for term in quad)
