"""Any file's credentials in plain words, on one page: is it a shot of ours, and what was done."""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from understudy.errors import FootageError
from understudy.payload import payload_sha256
from understudy.provenance.claim import COMPOSITE, Assertion
from understudy.provenance.credentials import Credentials, read_credentials
from understudy.provenance.unsealed import store_is_sound, unsealed_sha256

WIDTH = 118
INDENT = 14


@dataclass(frozen=True)
class Verdict:
    """Whether a file is a valid shot of ours, in one sentence, and the page that explains it."""

    is_ours: bool
    sentence: str
    page: str


def verify(path: Path) -> Verdict:
    """What is to be believed of the file at `path`.

    It is ours when its credentials hold, go back to a known root (one's own, the studio's, or one of UNDERSTUDY_TRUST)
    and describe a shot, and when its pictures are those the credentials were made for, with nothing added or changed
    where the signature does not look. Raises CredentialError when there is no such file.
    """
    credentials = read_credentials(path)
    changes = _changes(path, credentials)
    sentence = _sentence(credentials, changes)
    page = [f"{path}: {sentence}", "", *_standing(credentials, changes)]
    if credentials.shot is not None:
        warning = ["  It says the following, which is not to be believed:"] if changes else []
        page += ["", *warning, *_story(credentials, credentials.shot)]
    return Verdict(sentence in _OURS, sentence, "\n".join(page))


_OURS = ("a valid shot of ours", "a valid comparison film of ours", "a valid comparison picture of ours")


def _changes(path: Path, credentials: Credentials) -> list[str]:
    """What is wrong with the file although its signature may hold."""
    if credentials.state == "unsigned":
        return []
    if credentials.state == "invalid":
        return [_in_words(problem) for problem in credentials.problems]
    if credentials.shot is None:
        return []
    changes = []
    if credentials.shot.get("unsealed_sha256") != unsealed_sha256(path):
        changes.append("something was added or changed outside the signed part (a ftyp, free, skip or mfra box)")
    if not store_is_sound(path):
        changes.append("the place that holds the credentials was changed")
    if _payload(path) != credentials.shot.get("payload_sha256"):
        changes.append("its pictures are not those that the credentials were made for")
    return changes


def _payload(path: Path) -> str:
    try:
        return payload_sha256(path)
    except FootageError as error:
        return str(error)


def _sentence(credentials: Credentials, changes: list[str]) -> str:
    if credentials.state == "unsigned":
        return "not signed"
    if changes:
        return "TAMPERED WITH, or damaged"
    if credentials.shot is None:
        return "signed and intact, but not a shot of ours"
    if credentials.state != "trusted":
        return "signed and intact, but by a key nobody here knows"
    return f"a valid {credentials.shot.get('kind')} of ours"


def _standing(credentials: Credentials, changes: list[str]) -> list[str]:
    if credentials.state == "unsigned":
        return _row("signed", f"no: {'; '.join(credentials.problems)}")
    lines = _row(
        "signed", f"yes, by {credentials.signer}" if credentials.signer else "yes, by somebody who cannot be read"
    )
    lines += _row("intact", f"no: {'; '.join(changes)}" if changes else "yes: nothing was changed since it was signed")
    stranger = "no: the signer goes back to no root known here (UNDERSTUDY_TRUST names further ones)"
    lines += _row("trusted", f"yes, by {credentials.root}" if credentials.state == "trusted" else stranger)
    return lines


def _story(credentials: Credentials, shot: Assertion) -> list[str]:
    purpose = f", for the production {shot['production']}" if shot.get("production") else ""
    lines = _row(
        "what", f"{shot.get('what')} in the clip {shot.get('clip')}{purpose}: {shot.get('kind')} {shot.get('shot')}"
    )
    lines += _row("how", f"{credentials.generator}, model {shot.get('model')}, weights {shot.get('weights_sha256')}")
    if any(kind == COMPOSITE for _, kind in credentials.actions):
        lines += _row(
            "AI", "yes: parts of the picture were made by a trained model (compositeWithTrainedAlgorithmicMedia)"
        )
    for role, consent in _map(shot.get("consents")).items():
        lines += _row(role, _consent(_map(consent)))
    lines += _row("made from", ", ".join(credentials.parents) or "nothing that is named")
    for name, digest in _map(shot.get("inputs")).items():
        lines += _row("", f"{name} {digest}")
    lines += _row("settings", f"{shot.get('settings_sha256')}")
    for section, values in _map(shot.get("settings")).items():
        lines += _row("", f"{section}: {_flat(values)}")
    lines += _row("pictures", f"{shot.get('payload_sha256')} (the hash of the encoded pictures)")
    uses = ", ".join(f"{use.split('.')[-1]} {said}" for use, said in (credentials.training or {}).items())
    return lines + _row("training", uses or "nothing is said about it")


def _consent(consent: Mapping[str, object]) -> str:
    allows = " and ".join(_words(consent.get("allows"))) or "nothing"
    productions = ", ".join(_words(consent.get("productions"))) or "none"
    hashes = f"record {consent.get('record_sha256')}, document {consent.get('document_sha256')}"
    days = f"from {consent.get('from')} until {consent.get('until')}"
    return f"{consent.get('name')} ({consent.get('kind')}) allows {allows} in {productions} {days}; {hashes}"


def _in_words(problem: str) -> str:
    known = {
        "assertion.bmffHash.mismatch": "the film was changed after it was signed",
        "assertion.dataHash.mismatch": "the picture was changed after it was signed",
        "claimSignature.mismatch": "the credentials were changed after they were signed",
        "assertion.hashedURI.mismatch": "a statement of the credentials was changed after it was signed",
        "signingCredential.untrusted": "the signer is not known here",
        "signingCredential.expired": "the signer's certificate has expired",
    }
    code = problem.split(":", maxsplit=1)[0]
    return f"{known[code]} ({code})" if code in known else problem


def _flat(values: object) -> str:
    if isinstance(values, Mapping):
        return ", ".join(f"{key} {_flat(value)}" for key, value in values.items())
    return str(values)


def _row(head: str, text: str) -> list[str]:
    printable = "".join(letter if letter.isprintable() else "?" for letter in text)
    lines = textwrap.wrap(printable, WIDTH - INDENT, break_on_hyphens=False) or [""]
    return [f"  {head if index == 0 else '':<{INDENT - 2}}{line}" for index, line in enumerate(lines)]


def _words(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _map(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
