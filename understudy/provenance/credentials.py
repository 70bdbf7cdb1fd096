"""Content credentials (C2PA): signed into every shot, comparison film and picture, and read back from any file.

Nothing here needs a network: no time stamp is asked for and no remote manifest or revocation list is fetched.
"""

import json
import mimetypes
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import c2pa

from understudy.errors import CredentialError
from understudy.files import replacing, sha256_of
from understudy.payload import payload_sha256
from understudy.provenance.claim import (
    COMPOSITE,
    GENERATOR,
    GENERATOR_VERSION,
    LABEL,
    Assertion,
    Kind,
    ShotClaim,
    derived_assertion,
)
from understudy.provenance.keys import SigningKey, signing_key, trusted_roots
from understudy.provenance.unsealed import unsealed_sha256

State = Literal["unsigned", "invalid", "valid", "trusted"]
Values = Mapping[str, object]


@dataclass(frozen=True)
class Credentials:
    """What a file says about itself, and whether it is to be believed.

    state      unsigned: no credentials; invalid: they do not hold; valid: they hold, by a key nobody here knows;
               trusted: they hold, by a key that goes back to a known root
    root       which known root, in words; None unless trusted
    problems   why they do not hold, or why there are none
    shot       the assertion org.understudy.shot; None when it is no file of ours
    actions    (action, digital source type) of the newest claim
    parents    titles of what it was made from
    training   what is said about training on it, by use ({"cawg.ai_training": "notAllowed"})
    """

    state: State
    problems: tuple[str, ...] = ()
    root: str | None = None
    signer: str = ""
    generator: str = ""
    shot: Assertion | None = None
    actions: tuple[tuple[str, str], ...] = ()
    parents: tuple[str, ...] = ()
    training: Mapping[str, str] | None = None


def sign_shot(unsigned: Path, signed: Path, claim: ShotClaim, *, parent: Path) -> None:
    """`signed` becomes `unsigned` with the claim's credentials inside; `parent` is the original footage.

    A parent that cannot carry credentials itself (Matroska, a folder of stills) is named by title, and bound by the
    SHA-256 in the claim's inputs alone. Raises CredentialError when signing fails or the claim was made for other
    pictures; then nothing is written.
    """
    if payload_sha256(unsigned) != claim.payload_sha256:
        raise CredentialError(f"{unsigned}: its pictures are not those the claim was made for; nothing was signed")
    _sign(unsigned, signed, claim.assertion(), parent=parent)


def sign_derived(unsigned: Path, signed: Path, *, shot: Path, kind: Kind) -> None:
    """`signed` becomes `unsigned`, a comparison made from the signed file `shot`, with credentials that say so.

    Raises CredentialError when `shot` itself carries no credentials of ours that hold.
    """
    assertion = derived_assertion(
        read_assertion(shot), kind=kind, parent_sha256=sha256_of(shot), payload_sha256=payload_sha256(unsigned)
    )
    _sign(unsigned, signed, assertion, parent=shot)


def read_assertion(shot: Path) -> Assertion:
    """What a shot of ours says of itself. Raises CredentialError when it has no credentials of ours that hold."""
    found = read_credentials(shot)
    if found.shot is None or found.state not in ("valid", "trusted"):
        reason = "; ".join(found.problems) or "its credentials name no shot"
        raise CredentialError(f"{shot}: {found.state} ({reason}); run stage shots again")
    return found.shot


def read_credentials(path: Path) -> Credentials:
    """The credentials of any file; it is never an error to have none.

    Raises CredentialError when there is no such file.
    """
    if not path.is_file():
        raise CredentialError(f"{path}: no such file")
    roots = trusted_roots()
    store = _read_store(path, "\n".join(roots.values()))
    if isinstance(store, Credentials):
        return store
    state = _state(store)
    return _described(store, state, _root_of(path, roots) if state == "trusted" else None)


def _sign(unsigned: Path, signed: Path, assertion: Assertion, *, parent: Path) -> None:
    key = signing_key()
    assertion = {**assertion, "unsealed_sha256": unsealed_sha256(unsigned)}
    mime = _mime(signed)
    try:
        with replacing(signed) as temporary:
            with (
                _signer(key) as signer,
                _builder(signed.name, mime, assertion, parent) as builder,
                unsigned.open("rb") as origin,
                temporary.open("w+b") as destination,
            ):
                builder.sign(signer, mime, origin, destination)
            written = read_credentials(temporary)
            if written.state not in ("valid", "trusted"):
                raise CredentialError(f"{signed}: the new signature does not hold: {'; '.join(written.problems)}")
    except c2pa.C2paError as error:
        raise CredentialError(f"{signed}: cannot be signed: {_one_line(error)}; see README, Credentials") from error


@contextmanager
def _signer(key: SigningKey) -> Iterator[c2pa.Signer]:
    information = c2pa.C2paSignerInfo(
        alg=key.algorithm.encode(), sign_cert=key.chain_pem.encode(), private_key=key.key_pem.encode(), ta_url=None
    )
    with c2pa.Signer.from_info(information) as signer:
        yield signer


@contextmanager
def _builder(title: str, mime: str, assertion: Assertion, parent: Path) -> Iterator[c2pa.Builder]:
    reads_parent = _mime(parent) in c2pa.Reader.get_supported_mime_types() and parent.is_file()
    ingredient = {"title": parent.name, "relationship": "parentOf", "format": _mime(parent), "label": "parent"}
    definition = _definition(title, mime, assertion) | ({} if reads_parent else {"ingredients": [ingredient]})
    context = _context("\n".join(trusted_roots().values()))
    with c2pa.Builder(definition, context=context) as builder:
        builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
        if reads_parent:
            with parent.open("rb") as file:
                builder.add_ingredient(ingredient, _mime(parent), file)
        yield builder


def _definition(title: str, mime: str, assertion: Assertion) -> dict[str, object]:
    edited = {
        "action": "c2pa.edited",
        "digitalSourceType": COMPOSITE,
        "description": str(assertion["what"]),
        "softwareAgent": {"name": GENERATOR, "version": GENERATOR_VERSION},
    }
    uses = ("cawg.ai_training", "cawg.ai_generative_training", "cawg.ai_inference", "cawg.data_mining")
    return {
        "claim_generator_info": [{"name": GENERATOR, "version": GENERATOR_VERSION}],
        "title": title,
        "format": mime,
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [edited]}},
            {"label": "cawg.training-mining", "data": {"entries": {use: {"use": "notAllowed"} for use in uses}}},
            {"label": LABEL, "data": assertion},
        ],
    }


def _context(roots_pem: str) -> c2pa.Context:
    trust = {"trust": {"user_anchors": roots_pem}} if roots_pem else {}
    verify = {"verify_trust": True, "remote_manifest_fetch": False, "ocsp_fetch": False}
    return c2pa.Context.from_dict({**trust, "verify": verify, "builder": {"thumbnail": {"enabled": False}}})


def _read_store(path: Path, roots_pem: str) -> Values | Credentials:
    try:
        with path.open("rb") as file, c2pa.Reader(_mime(path), file, context=_context(roots_pem)) as reader:
            return json.loads(reader.json())
    except c2pa.C2paError.ManifestNotFound:
        return Credentials("unsigned", ("it carries no content credentials",))
    except c2pa.C2paError.NotSupported:
        return Credentials("unsigned", (f"a {path.suffix or 'nameless'} file cannot carry content credentials",))
    except c2pa.C2paError as error:
        return Credentials("invalid", (f"its credentials cannot be read: {_one_line(error)}",))


def _root_of(path: Path, roots: Mapping[str, str]) -> str | None:
    for name, pem in roots.items():
        store = _read_store(path, pem)
        if not isinstance(store, Credentials) and _state(store) == "trusted":
            return name
    return None


def _state(store: Values) -> State:
    found = {"Trusted": "trusted", "Valid": "valid"}.get(str(store.get("validation_state")), "invalid")
    return "trusted" if found == "trusted" else "valid" if found == "valid" else "invalid"


def _described(store: Values, state: State, root: str | None) -> Credentials:
    manifest = _map(_map(store.get("manifests")).get(str(store.get("active_manifest"))))
    assertions = {str(item.get("label")): _map(item.get("data")) for item in _maps(manifest.get("assertions"))}
    signature = _map(manifest.get("signature_info"))
    entries = _map(assertions.get("cawg.training-mining", {}).get("entries"))
    named = _maps(manifest.get("claim_generator_info"))
    generators = [f"{item.get('name')} {item.get('version', '')}".strip() for item in named]
    return Credentials(
        state=state,
        problems=_failures(store),
        root=root,
        signer=f"{signature.get('common_name', 'nobody')} ({signature.get('issuer', 'unknown')})",
        generator=", ".join(generators),
        shot=assertions.get(LABEL),
        actions=tuple(
            (str(action.get("action")), str(action.get("digitalSourceType", "")))
            for action in _maps(assertions.get("c2pa.actions.v2", {}).get("actions"))
        ),
        parents=tuple(str(item.get("title", "untitled")) for item in _maps(manifest.get("ingredients"))),
        training={use: str(_map(entry).get("use")) for use, entry in entries.items()} if entries else None,
    )


def _failures(store: Values) -> tuple[str, ...]:
    results = _map(_map(store.get("validation_results")).get("activeManifest"))
    return tuple(f"{item.get('code')}: {item.get('explanation')}" for item in _maps(results.get("failure")))


def _map(value: object) -> Values:
    return value if isinstance(value, Mapping) else {}


def _maps(value: object) -> Sequence[Values]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _mime(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
