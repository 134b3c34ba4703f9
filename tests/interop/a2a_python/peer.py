"""PyPI's `a2a-sdk` as a child process: one JSON object a line in on stdin, one answer a line out on stdout.

A request has `number` and `command`; the answer has the same `number` and either `result` or `error`. `read` takes a
card as a client takes it from the network, and names the members that the protocol demands and that it lacks; `verify`
checks its signature with JWKs by the ids of their methods.
"""

# mypy: ignore-errors
# Its packages are not in the environment that is checked.
import json
import sys

from a2a.client.card_resolver import parse_agent_card
from a2a.types import AgentCard
from a2a.utils.errors import InvalidParamsError
from a2a.utils.proto_utils import validate_proto_required_fields
from a2a.utils.signing import create_signature_verifier
from google.protobuf.json_format import MessageToDict, ParseDict
from jwt.api_jwk import PyJWK


def _read(question):
    # Strictly: a member that the protocol does not know is an error, which a client would pass over.
    ParseDict(question["card"], AgentCard())
    card = parse_agent_card(question["card"])
    try:
        validate_proto_required_fields(card)
        lacking = []
    except InvalidParamsError as error:
        lacking = [one["field"] for one in error.data["errors"]]
    return {"card": MessageToDict(card), "lacking": lacking}


def _verify(question):
    named = []

    def key(kid, jku):
        named.append({"kid": kid, "jku": jku})
        return PyJWK(question["keys"][kid])

    create_signature_verifier(key, ["EdDSA", "ES256"])(parse_agent_card(question["card"]))
    return named


COMMANDS = {"read": _read, "verify": _verify}


def main():
    """Answer until the input ends."""
    for line in sys.stdin:
        question = json.loads(line)
        answer = {"number": question["number"]}
        try:
            answer["result"] = COMMANDS[question["command"]](question)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is the answer
            answer["error"] = {"name": type(error).__name__, "message": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


main()
