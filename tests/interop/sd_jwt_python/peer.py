"""PyPI's `sd-jwt` as a child process: one JSON object a line in on stdin, one answer a line out on stdout.

A request has `number` and `command`; the answer has the same `number` and either `result` or `error`. Members and items
that may be hidden are told by `hidden`, a list of paths. Keys are JWKs of P-256, for the package signs with ES256.
"""

# mypy: ignore-errors
# Its packages are not in the environment that is checked.
import json
import sys

from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.holder import SDJWTHolder
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier


def _marked(value, hidden, path=()):
    """The claims with those wrapped that may be hidden, as the package wants them."""
    if isinstance(value, dict):
        return {
            SDObj(name) if (*path, name) in hidden else name: _marked(member, hidden, (*path, name))
            for name, member in value.items()
        }
    if isinstance(value, list):
        items = [_marked(item, hidden, (*path, index)) for index, item in enumerate(value)]
        return [SDObj(item) if (*path, index) in hidden else item for index, item in enumerate(items)]
    return value


def _issue(question):
    made = SDJWTIssuer(
        _marked(question["claims"], {tuple(path) for path in question["hidden"]}),
        JWK(**question["key"]),
        JWK(**question["holder"]) if "holder" in question else None,
        add_decoy_claims=question.get("decoys", True),
        extra_header_parameters={"typ": "dc+sd-jwt", "kid": question["kid"]},
    )
    return {"text": made.sd_jwt_issuance, "decoys": len(made.decoy_digests)}


def _present(question):
    holder = SDJWTHolder(question["credential"])
    holder.create_presentation(
        question["shown"], question["nonce"], question["audience"], JWK(**question["key"]), "ES256"
    )
    return holder.sd_jwt_presentation


def _verify(question):
    key = JWK(**question["key"])
    verifier = SDJWTVerifier(question["presentation"], lambda *_: key, question.get("audience"), question.get("nonce"))
    return verifier.get_verified_payload()


COMMANDS = {"issue": _issue, "present": _present, "verify": _verify}


def main():
    """Answer until the input ends."""
    for line in sys.stdin:
        question = json.loads(line)
        answer = {"number": question["number"]}
        try:
            answer["result"] = COMMANDS[question["command"]](question)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong is the answer
            answer["error"] = {"name": type(error).__name__, "message": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


main()
