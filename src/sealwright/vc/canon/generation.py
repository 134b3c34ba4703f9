"""Source text of a plan, made from a fixed set of line templates.

Nothing that comes from a document is written into source text, not even quoted: member names, fixed texts and term
ends reach the function as arguments of its factory, under names that are counted out here.

A plan has two functions. ``extract`` walks a document, checks that it has the plan's shape and returns its leaves;
``fill`` puts leaves into the statements, sorts them as a set and joins them. Each answers None where it cannot vouch
for the result.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, TypeAlias

from sealwright.vc.canon.shape import MAX_REPEATS, NoPlanError, ShapeReader
from sealwright.vc.canon.templates import BlankNode, Hole, Landing, Part, Template, holes
from sealwright.vc.canon.terms import ABSOLUTE_IRI, DOUBLE_FROM, canonical_double, escape
from sealwright.vc.encoding.strict_json import MAX_SAFE_INTEGER

Fill: TypeAlias = Callable[[Any], str | None]
Extract: TypeAlias = Callable[[Any], tuple[Any, ...] | None]

_MASKED_SELF: Final = "_:a"
_MASKED_OTHER: Final = "_:z"


@dataclass(slots=True)
class _Source:
    """Lines of one function and the constants it is given."""

    lines: list[str] = field(default_factory=list)
    constants: dict[str, Any] = field(default_factory=dict)

    def constant(self, value: Any) -> str:
        """A name for a constant; the same text gets the same name."""
        for name, known in self.constants.items():
            if type(known) is type(value) is str and known == value:
                return name
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return name

    def add(self, line: str) -> None:
        self.lines.append(f"        {line}")

    def build(self, head: str) -> Any:
        """The function, bound to its constants.

        The text holds only names made in this module; see the module's first paragraph.
        """
        text = "\n".join(
            [
                f"def factory({', '.join(self.constants)}):",
                f"    def {head}:",
                *self.lines,
                f"    return {head.partition('(')[0]}",
            ]
        )
        space: dict[str, Any] = {}
        exec(compile(text, "<plan>", "exec"), {"__builtins__": _BUILTINS}, space)  # noqa: S102  # see the docstring
        return space["factory"](**self.constants)


_BUILTINS: Final = {
    "dict": dict,
    "enumerate": enumerate,
    "float": float,
    "int": int,
    "len": len,
    "list": list,
    "map": map,
    "sorted": sorted,
    "str": str,
    "tuple": tuple,
    "type": type,
}


def generate_fill(statements: list[Template], leaves: list[Any], prefixes: frozenset[str]) -> Fill:
    """The function from leaves to the canonical form.

    Args:
        statements: Of the shape, repetitions left out.
        leaves: Of any document of the shape; only their kinds are looked at.
        prefixes: Terms that could be taken for the scheme of an IRI.
    """
    return _Filling(statements, leaves, prefixes).build()


class _Filling:
    def __init__(self, statements: list[Template], leaves: list[Any], prefixes: frozenset[str]) -> None:
        self._statements = statements
        self._leaves = leaves
        self._prefixes = prefixes
        self._source = _Source()
        found = [hole for statement in statements for hole in holes(statement)]
        self._iris = {hole.leaf for hole in found if hole.landing is Landing.IRI}
        self._literals = {hole.leaf for hole in found if hole.landing is Landing.LITERAL}
        self._nodes = {part.number for statement in statements for part in statement if isinstance(part, BlankNode)}

    def build(self) -> Fill:
        source = self._source
        if self._leaves:
            source.add(f"{', '.join(f'v{index}' for index in range(len(self._leaves)))}, = leaves")
        self._check_iris()
        self._write_texts()
        self._write_numbers()
        if len(self._nodes) > 1:
            self._label_nodes()
        else:
            source.add(f"b0 = {source.constant('_:c14n0')}")
        # In the order that a document of the shape has: what is nearly in order is sorted in a third of the time. The
        # keys of a dictionary are a set that keeps it.
        ordered = sorted(self._statements, key=self._sample)
        once = "".join(f"{self._line(s, 'b')}, " for s in ordered if not self._repeated(s))
        source.add(f"lines = dict.fromkeys(({once}))")
        for statement in ordered:
            for index in self._repeated(statement):
                source.add(f"for x in {self._escaped(statement, index)}:")
                source.add(f"    lines[{self._line(statement, 'b', repeated=index)}] = None")
        source.add(f"return {source.constant('')}.join(sorted(lines))")
        fill: Fill = source.build("fill(leaves)")
        return fill

    def _sample(self, statement: Template) -> list[str]:
        """About how a statement reads in the document that the plan was made from."""
        return [self._sample_part(part) for part in statement]

    def _sample_part(self, part: Part) -> str:
        if isinstance(part, Hole):
            return f"{'<' if part.landing is Landing.IRI else chr(34)}{self._leaves[part.leaf]}"
        return f"_:{part.number:02}" if isinstance(part, BlankNode) else part

    def _check_iris(self) -> None:
        """Each identifier must stand for itself: absolute, and with a scheme that no context defines."""
        source = self._source
        checked: set[str] = set()
        known, stands = source.constant(checked), source.constant(_IRICheck(self._prefixes, checked))
        for index in sorted(self._iris):
            if type(self._leaves[index]) is list:
                source.add(f"for x in v{index}:")
                source.add(f"    if x not in {known} and not {stands}(x): return None")
            else:
                source.add(f"if v{index} not in {known} and not {stands}(v{index}): return None")

    def _write_texts(self) -> None:
        """One look over all texts tells whether any needs escapes; few do."""
        source = self._source
        texts = [i for i in sorted(self._literals) if type(self._leaves[i]) is str]
        if texts:
            quote, backslash = source.constant('"'), source.constant("\\")
            source.add(f"j = {source.constant('')}.join(({', '.join(f'v{index}' for index in texts)},))")
            # What is printable holds no control character; more is sent to `escape` than needs it, never less.
            source.add(f"if not j.isprintable() or {quote} in j or {backslash} in j:")
            for index in texts:
                # An identifier holds nothing that is escaped, so one leaf may be both.
                source.add(f"    v{index} = {source.constant(escape)}(v{index})")

    def _write_numbers(self) -> None:
        source = self._source
        limit = source.constant(MAX_SAFE_INTEGER)
        for index, leaf in enumerate(self._leaves):
            if type(leaf) is int:
                source.add(f"if not -{limit} <= v{index} <= {limit}: return None")
            elif type(leaf) is float and leaf.is_integer():
                source.add(f"v{index} = int(v{index})")
            elif type(leaf) is float:
                # Not a number and the infinities are the only doubles that subtraction does not take to zero.
                source.add(f"if v{index} - v{index} != 0: return None")
                source.add(f"v{index} = {source.constant(canonical_double)}(v{index})")
            elif type(leaf) is list and type(leaf[0]) is int:
                source.add(f"for x in v{index}:")
                source.add(f"    if not -{limit} <= x <= {limit}: return None")

    def _label_nodes(self) -> None:
        """First-degree hashes at run time; two alike are the business of the whole algorithm."""
        source = self._source
        empty, hash_ = source.constant(""), source.constant(_digest)
        for number in sorted(self._nodes):
            # Statements are told apart by which nodes they hold before those are masked, or equal ones would merge.
            source.add(f"d = {{{', '.join(self._masked(s, number) for s in self._around(number, repeated=False))}}}")
            for statement in self._around(number, repeated=True):
                (index,) = self._repeated(statement)
                source.add(f"for x in {self._escaped(statement, index)}:")
                plain = self._line(statement, "n", repeated=index)
                source.add(f"    d[{plain}] = {self._line(statement, f'm{number}', repeated=index)}")
            source.add(f"h{number} = {hash_}({empty}.join(sorted(d.values())))")
        hashes = ", ".join(f"h{number}" for number in sorted(self._nodes))
        source.add(f"r = {{h: i for i, h in enumerate(sorted(({hashes},)))}}")
        source.add(f"if len(r) != {len(self._nodes)}: return None")
        names = source.constant(tuple(f"_:c14n{rank}" for rank in range(len(self._nodes))))
        for number in sorted(self._nodes):
            source.add(f"b{number} = {names}[r[h{number}]]")

    def _around(self, number: int, *, repeated: bool) -> Iterator[Template]:
        node = BlankNode(number)
        return (s for s in self._statements if node in s and bool(self._repeated(s)) is repeated)

    def _masked(self, statement: Template, number: int) -> str:
        return f"{self._line(statement, 'n')}: {self._line(statement, f'm{number}')}"

    def _repeated(self, statement: Template) -> list[int]:
        return [hole.leaf for hole in holes(statement) if type(self._leaves[hole.leaf]) is list]

    def _escaped(self, statement: Template, index: int) -> str:
        literal = any(hole.leaf == index and hole.landing is Landing.LITERAL for hole in holes(statement))
        if literal and type(self._leaves[index][0]) is str:
            return f"map({self._source.constant(escape)}, v{index})"
        return f"v{index}"

    def _line(self, statement: Template, nodes: str, *, repeated: int | None = None) -> str:
        """An f-string for one statement.

        Args:
            statement: The template.
            nodes: How blank nodes are written: ``b`` by label, ``n`` by number, ``m<k>`` masked around node k.
            repeated: The leaf whose items the line is written for, one by one, as ``x``.
        """
        texts: list[str | tuple[str]] = []
        for place, part in enumerate(statement):
            if part == "" and place == 3:
                continue
            if place:
                texts.append(" ")
            if isinstance(part, BlankNode):
                texts.append(self._node(part.number, nodes))
            elif isinstance(part, Hole):
                name = "x" if part.leaf == repeated else f"v{part.leaf}"
                texts += ["<" if part.landing is Landing.IRI else '"', (name,), part.suffix]
            else:
                texts.append(part)
        texts.append(" .\n")
        return "f'" + "".join(f"{{{name}}}" for name in self._joined(texts)) + "'"

    def _node(self, number: int, nodes: str) -> str | tuple[str]:
        if nodes == "b":
            return (f"b{number}",)
        if nodes == "n":
            return f"_:{number}"
        return _MASKED_SELF if nodes == f"m{number}" else _MASKED_OTHER

    def _joined(self, texts: list[str | tuple[str]]) -> Iterator[str]:
        """Names of the pieces, neighboring fixed texts made one."""
        fixed = ""
        for text in texts:
            if isinstance(text, str):
                fixed += text
            else:
                if fixed:
                    yield self._source.constant(fixed)
                fixed = ""
                yield text[0]
        if fixed:
            yield self._source.constant(fixed)


def generate_extract(document: dict[str, Any], shapes: ShapeReader) -> Extract:
    """The function from a document to its leaves, or None if it has another shape than `document`."""
    return _Extraction(shapes).build(document)


class _Extraction:
    def __init__(self, shapes: ShapeReader) -> None:
        self._shapes = shapes
        self._source = _Source()
        self._leaves: list[str] = []
        self._count = 0

    def build(self, document: dict[str, Any]) -> Extract:
        profile = self._shapes.profile(document["@context"])
        self._object("d", document, profile, profile.valued)
        self._source.add(f"return ({''.join(f'{name}, ' for name in self._leaves)})")
        extract: Extract = self._source.build("extract(d)")
        return extract

    def _object(self, name: str, node: dict[str, Any], profile: Any, valued: frozenset[str]) -> None:
        source = self._source
        if "@context" in node:
            profile = self._shapes.profile(node["@context"]) if name != "d" else profile
            valued |= profile.valued
        members = [self._name() for _ in node]
        source.add(f"if type({name}) is not dict or tuple({name}) != {source.constant(tuple(node))}: return None")
        source.add(f"{', '.join(members)}, = {name}.values()")
        for member, (key, value) in zip(members, node.items(), strict=True):
            if key in valued:
                held = list(value) if isinstance(value, list) else value
                source.add(f"if {member} != {source.constant(held)}: return None")
            else:
                inside = profile.below(key, valued) if key in profile.scoped else valued
                self._member(member, value, profile, inside)

    def _member(self, name: str, value: Any, profile: Any, valued: frozenset[str]) -> None:
        if isinstance(value, dict):
            self._object(name, value, profile, valued)
        elif isinstance(value, list):
            self._array(name, value, profile, valued)
        else:
            self._scalar(name, value)

    def _array(self, name: str, items: list[Any], profile: Any, valued: frozenset[str]) -> None:
        source = self._source
        kinds = {*map(type, items)}
        if kinds in ({str}, {int}):
            wanted = source.constant(kinds)
            source.add(f"if type({name}) is not list or {{*map(type, {name})}} != {wanted}: return None")
            source.add(f"if len({name}) > {MAX_REPEATS}: return None")
            self._leaves.append(name)
            return
        source.add(f"if type({name}) is not list or len({name}) != {len(items)}: return None")
        names = [self._name() for _ in items]
        source.add(f"{', '.join(names)}, = {name}")
        for item, value in zip(names, items, strict=True):
            self._member(item, value, profile, valued)

    def _scalar(self, name: str, value: Any) -> None:
        source = self._source
        if isinstance(value, bool):
            source.add(f"if {name} is not {value}: return None")
            return
        self._leaves.append(name)
        if isinstance(value, str):
            source.add(f"if type({name}) is not str: return None")
        elif isinstance(value, int):
            source.add(f"if type({name}) is not int: return None")
        elif value.is_integer():
            limit = source.constant(DOUBLE_FROM)
            source.add(f"if type({name}) is not float or not {name}.is_integer(): return None")
            source.add(f"if not -{limit} < {name} < {limit}: return None")
        else:
            source.add(f"if type({name}) is not float or {name}.is_integer(): return None")

    def _name(self) -> str:
        self._count += 1
        return f"m{self._count}"


_iri_scheme: Final = re.compile(ABSOLUTE_IRI.pattern.replace("[A-Z", "([A-Z", 1).replace(":", "):", 1)).fullmatch
"""Matches an absolute IRI and catches its scheme."""

_REMEMBERED_IRIS: Final = 512


class _IRICheck:
    """Whether an IRI stands for itself; remembers the last few that do, as issuers and lists come again and again."""

    __slots__ = ("_known", "_prefixes")

    def __init__(self, prefixes: frozenset[str], known: set[str]) -> None:
        self._prefixes = prefixes
        self._known = known

    def __call__(self, iri: str) -> bool:
        match = _iri_scheme(iri)
        if match is None or match[1] in self._prefixes:
            return False
        if len(self._known) >= _REMEMBERED_IRIS:
            # What comes again is soon here again; what came once would fill it for ever.
            self._known.clear()
        self._known.add(iri)
        return True


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


__all__ = ["Extract", "Fill", "NoPlanError", "generate_extract", "generate_fill"]
