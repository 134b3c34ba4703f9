"""N-Quads files for tests, read by an independent library into the terms that `vc.canon` works on."""

from __future__ import annotations

import pyoxigraph

from sealwright.vc.canon.terms import RDF_LANGUAGE_STRING, Quad, escape, literal

Term = pyoxigraph.NamedNode | pyoxigraph.BlankNode | pyoxigraph.Literal | pyoxigraph.DefaultGraph


def read(text: bytes) -> list[Quad]:
    """The statements of an N-Quads text; blank nodes keep their labels."""
    parsed = pyoxigraph.parse(text, format=pyoxigraph.RdfFormat.N_QUADS)
    return [(term(q.subject), term(q.predicate), term(q.object), term(q.graph_name)) for q in parsed]


def term(node: Term) -> str:
    """One parsed term in canonical N-Quads spelling."""
    if isinstance(node, pyoxigraph.NamedNode):
        return f"<{node.value}>"
    if isinstance(node, pyoxigraph.BlankNode):
        return f"_:{node.value}"
    if isinstance(node, pyoxigraph.Literal):
        if node.datatype.value == RDF_LANGUAGE_STRING:
            return f'"{escape(node.value)}"@{node.language}'
        return literal(node.value, node.datatype.value)
    return ""


def third_opinion(text: bytes) -> bytes:
    """Canonical form by pyoxigraph, sorted by code point as it leaves its output in no order."""
    dataset = pyoxigraph.Dataset(pyoxigraph.parse(text, format=pyoxigraph.RdfFormat.N_QUADS))
    dataset.canonicalize(pyoxigraph.CanonicalizationAlgorithm.RDFC_1_0)
    lines = [
        " ".join(filter(None, (term(q.subject), term(q.predicate), term(q.object), term(q.graph_name))))
        for q in dataset
    ]
    return "".join(sorted(f"{line} .\n" for line in lines)).encode()
