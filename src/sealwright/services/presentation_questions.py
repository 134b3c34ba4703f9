"""Questions in the caller's own words: read anew from what was kept, and asked of credentials.

Both languages answer the same four things here: whether a credential answers a part of the question, what of it must
be shown for that, what is shown beyond that, and whether the parts that were answered are those that had to be.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sealwright.domain.errors import MalformedBody
from sealwright.protocols.dcql import matching as dcql
from sealwright.protocols.dcql.query import DcqlQuery, read_dcql
from sealwright.protocols.presentation_exchange import matching as exchange
from sealwright.protocols.presentation_exchange.definition import Definition, read_definition
from sealwright.protocols.queries import (
    Candidate,
    Matched,
    Path,
    QueryRefused,
    Unmatched,
    Work,
    over_chosen,
    over_shown,
    refused,
)
from sealwright.vc.encoding.pointers import child
from sealwright.vc.encoding.strict_json import JSONValue

DEFINITION: Final = "presentationDefinition"
DCQL: Final = "dcqlQuery"


@dataclass(frozen=True, slots=True)
class Part:
    """One credential that a question asks for.

    Args:
        part_id: Its id in the question.
        name: What the verifier calls it; None where it says nothing.
        purpose: What the verifier says it is for.
        is_limited: Whether nothing may be shown beyond what is asked for.
    """

    part_id: str
    name: str | None
    purpose: str | None
    is_limited: bool


@dataclass(frozen=True, slots=True)
class Question:
    """A question in one of the two languages; exactly one of the first two members is there."""

    definition: Definition | None = None
    dcql: DcqlQuery | None = None

    @property
    def parts(self) -> tuple[Part, ...]:
        """What is asked for, in order."""
        if self.definition is not None:
            listed = self.definition.descriptors
            return tuple(Part(one.descriptor_id, one.name, one.purpose, one.limits) for one in listed)
        assert self.dcql is not None
        return tuple(Part(one.query_id, None, None, True) for one in self.dcql.credentials)

    def match(self, part_id: str, candidate: Candidate, within: Work | None = None) -> Matched | Unmatched:
        """Tell whether a credential answers a part; raises LookupError for an unknown part.

        Args:
            within: What many such comparisons may cost together; where that is spent, nothing matches any more.
        """
        if self.definition is not None:
            descriptor = self.definition.named(part_id)
            if descriptor is None:
                raise LookupError(part_id)
            return exchange.match(descriptor, candidate, within)
        query = self.dcql.named(part_id) if self.dcql is not None else None
        if query is None:
            raise LookupError(part_id)
        return dcql.match(query, candidate, within)

    def beyond(self, part_ids: Collection[str], candidate: Candidate, asked: Sequence[Path]) -> Beyond:
        """What a credential shows beyond what the parts that it answers ask for.

        A definition that limits disclosure counts every claim. DCQL always limits it, and counts what its holder could
        have kept back, as far as that can be told; the rest is named and does no harm.
        """
        if self.definition is None:
            pointers = over_shown(candidate, asked)
            is_known = candidate.choosable is not None
            return Beyond(pointers, is_known and bool(over_chosen(candidate, asked)))
        listed = [one for one in self.definition.descriptors if one.descriptor_id in part_ids]
        is_limited = any(one.limits for one in listed)
        asks_for_all = not is_limited and any(not one.fields for one in listed)
        pointers = () if asks_for_all else over_shown(candidate, asked)
        return Beyond(pointers, is_limited and bool(pointers))

    def exact_fault(self, answered: Collection[str]) -> str | None:
        """Why the parts that were answered are not those that had to be; None where they are, exactly."""
        if self.definition is not None:
            return exchange.exact_fault(self.definition, answered)
        assert self.dcql is not None
        return dcql.exact_fault(self.dcql, answered)

    def asked(self, part_id: str) -> tuple[str, ...]:
        """What a part asks for, as its question spells it: JSONPaths, or the steps of claims paths behind slashes."""
        if self.definition is not None:
            descriptor = self.definition.named(part_id)
            return tuple(one.paths[0] for one in descriptor.fields) if descriptor is not None else ()
        query = self.dcql.named(part_id) if self.dcql is not None else None
        listed = query.choices()[0] if query is not None else ()
        return tuple("".join(f"/{'*' if step is None else step}" for step in one.path) for one in listed)

    @property
    def wants_tokens(self) -> bool:
        """Whether a credential in a JWT is to come inside a presentation that is a JWT itself."""
        return self.definition is None

    def allows_many(self, part_id: str) -> bool:
        """Whether several credentials may answer a part."""
        query = self.dcql.named(part_id) if self.dcql is not None else None
        return query is not None and query.many


@dataclass(frozen=True, slots=True)
class Beyond:
    """What was shown beyond what was asked for: pointers of claims, and whether that speaks against the answer."""

    pointers: tuple[str, ...]
    is_fault: bool


def read_question(query: Mapping[str, JSONValue], pointer: str = "") -> Question:
    """Read a question: an object with one member, `presentationDefinition` or `dcqlQuery`.

    Raises:
        QueryRefused: Malformed, over a bound, or with a feature that is not honoured here.
    """
    if DEFINITION in query:
        return Question(definition=read_definition(query[DEFINITION], child(pointer, DEFINITION)))
    return Question(dcql=read_dcql(query.get(DCQL), child(pointer, DCQL)))


def require_question(query: Mapping[str, JSONValue], pointer: str = "") -> Question:
    """The same for a question that this office is to ask: its answers are always bound to their holder.

    Raises:
        MalformedBody: With the fault.
    """
    try:
        question = read_question(query, pointer)
        for index, one in enumerate(question.dcql.credentials if question.dcql is not None else ()):
            if not one.needs_binding:
                at = f"{pointer}/{DCQL}/credentials/{index}/require_cryptographic_holder_binding"
                raise refused(at, "must be left out or true: answers are taken from their holders alone")
    except QueryRefused as error:
        raise MalformedBody("The question cannot be asked.", faults=error.faults) from error
    return question
