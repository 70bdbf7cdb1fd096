"""The certificate chain that signs: one's own, made at first use and kept outside the project, or a studio's.

One's own chain lives in ~/.config/understudy/chain (or in $UNDERSTUDY_KEYS/chain):

    root.pem           what a reader has to trust; its key was thrown away once it had signed the intermediate
    intermediate.pem   intermediate certificate and key, which sign new leaves
    leaf.pem           certificate and key that sign files; renewed long before it expires

A studio's chain is used instead when UNDERSTUDY_SIGN_CERT (PEM, leaf first) and UNDERSTUDY_SIGN_KEY (PEM) name it.
UNDERSTUDY_TRUST names a PEM file of further roots to trust when reading.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from understudy.errors import CredentialError
from understudy.provenance.certificates import (
    REMEDY,
    algorithm_of,
    authorities_in,
    certificates_in,
    key_in,
    key_pem_of,
    new_chain,
    new_leaf,
    pem_of,
)

LEAF_RENEWAL = timedelta(days=4 * 365)
"""A leaf with less life than this is renewed: without a time stamp, a file verifies no longer than its leaf lives."""


@dataclass(frozen=True)
class SigningKey:
    """What signs: the algorithm as C2PA names it, the certificate chain (PEM, leaf first) and the PKCS #8 key (PEM)."""

    algorithm: str
    chain_pem: str
    key_pem: str


def signing_key() -> SigningKey:
    """The studio's key where the environment names one, else one's own, made now if there is none yet.

    Raises CredentialError when a key cannot be read, is open to others, or does not fit its certificate.
    """
    certificate, key = os.environ.get("UNDERSTUDY_SIGN_CERT", ""), os.environ.get("UNDERSTUDY_SIGN_KEY", "")
    if bool(certificate) != bool(key):
        raise CredentialError("UNDERSTUDY_SIGN_CERT and UNDERSTUDY_SIGN_KEY go together; set both or neither")
    if certificate:
        return _loaded(_read(Path(certificate)), _read_private(Path(key)), where=key)
    folder = _own_chain()
    leaf = _current_leaf(folder)
    return _loaded(leaf + _read_private(folder / "intermediate.pem"), leaf, where=str(folder))


def trusted_roots() -> dict[str, str]:
    """The roots whose signatures count as known, PEM by a name a person understands; makes nothing.

    One's own root, the studio's certificates that may sign others, and those of UNDERSTUDY_TRUST.
    """
    own = chain_folder() / "root.pem"
    roots = {"your own key": own.read_text()} if own.is_file() else {}
    named = {"UNDERSTUDY_SIGN_CERT": "the studio's certificate", "UNDERSTUDY_TRUST": "a root you trust"}
    for variable, words in named.items():
        if os.environ.get(variable):
            authorities = authorities_in(_read(Path(os.environ[variable])), where=variable)
            roots |= {f"{words} ({name})": pem for name, pem in authorities.items()}
    return roots


def chain_folder() -> Path:
    """Where one's own chain is kept: outside every project, below $UNDERSTUDY_KEYS or the user's configuration."""
    named = os.environ.get("UNDERSTUDY_KEYS", "")
    configuration = os.environ.get("XDG_CONFIG_HOME", "") or "~/.config"
    return Path(named).expanduser() / "chain" if named else Path(configuration).expanduser() / "understudy" / "chain"


def _own_chain() -> Path:
    folder = chain_folder()
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = Path(tempfile.mkdtemp(prefix=".chain.", dir=folder.parent))
        _write_chain(new)
        _move_unless_there(new, folder)
    except OSError as error:
        raise CredentialError(
            f"{folder}: a signing key cannot be kept here ({error.strerror}); set UNDERSTUDY_KEYS to another folder"
        ) from error
    return folder


def _move_unless_there(new: Path, folder: Path) -> None:
    try:
        new.rename(folder)  # fails when another process was first: then its chain is everyone's
    except OSError:
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _write_chain(folder: Path) -> None:
    root, intermediate = new_chain()
    _write_private(folder / "root.pem", root)
    _write_private(folder / "intermediate.pem", intermediate)
    _write_private(folder / ".gitignore", "*\n")  # should this folder ever stand inside a working tree


def _current_leaf(folder: Path) -> str:
    path = folder / "leaf.pem"
    if path.exists():
        leaf = _read_private(path)
        expires = certificates_in(leaf, where=str(path))[0].not_valid_after_utc
        if expires - datetime.now(UTC) > LEAF_RENEWAL:
            return leaf
    intermediate = folder / "intermediate.pem"
    leaf = new_leaf(_read_private(intermediate), where=str(intermediate))
    _write_private(path, leaf)
    return leaf


def _loaded(chain_pem: str, key_pem: str, *, where: str) -> SigningKey:
    key, chain = key_in(key_pem, where=where), certificates_in(chain_pem, where=where)
    if chain[0].public_key() != key.public_key():
        raise CredentialError(f"{where}: this key does not belong to the first certificate of its chain")
    return SigningKey(algorithm_of(key, where=where), "".join(map(pem_of, chain)), key_pem_of(key))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise CredentialError(f"{path}: cannot be read as PEM; {REMEDY}") from error


def _read_private(path: Path) -> str:
    content = _read(path)
    if path.stat().st_mode & 0o077:
        raise CredentialError(f"{path}: others may read this key; run `chmod 600 {path}`")
    return content


def _write_private(path: Path, content: str) -> None:
    handle, temporary = tempfile.mkstemp(prefix=f".{path.stem}.", dir=path.parent)  # made with mode 600
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).replace(path)
