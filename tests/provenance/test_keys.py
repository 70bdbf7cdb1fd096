import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from understudy.errors import CredentialError
from understudy.provenance import certificates, keys
from understudy.provenance.keys import signing_key, trusted_roots

SIGN = (
    "from understudy.provenance.keys import signing_key, trusted_roots; signing_key(); print(*trusted_roots().values())"
)


def test_a_chain_is_made_at_first_use_for_its_owner_alone(keys: Path) -> None:
    assert trusted_roots() == {}
    signing_key()
    files = list((keys / "chain").iterdir())
    assert {file.name for file in files} == {"root.pem", "intermediate.pem", "leaf.pem", ".gitignore"}
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert stat.S_IMODE((keys / "chain").stat().st_mode) == 0o700


def test_the_same_chain_signs_again() -> None:
    assert signing_key() == signing_key()


def test_git_takes_no_notice_of_keys_inside_a_working_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    monkeypatch.setenv("UNDERSTUDY_KEYS", str(tmp_path / "keys"))
    signing_key()
    status = subprocess.run(["git", "-C", str(tmp_path), "status", "--short"], capture_output=True, check=True)
    assert status.stdout == b""


def test_no_key_is_kept_in_this_repository() -> None:
    root = Path(keys.__file__).parents[2]
    marker = "-----BEGIN " + "PRIVATE KEY"
    found = subprocess.run(["git", "grep", "-l", "--", marker], cwd=root, capture_output=True, text=True, check=False)
    assert found.stdout.split() == []


def test_several_processes_at_once_make_one_chain() -> None:
    processes = [subprocess.Popen([sys.executable, "-c", SIGN], stdout=subprocess.PIPE) for _ in range(4)]
    roots = {process.communicate()[0] for process in processes}
    assert [process.returncode for process in processes] == [0] * 4
    assert roots == {trusted_roots()["your own key"].encode() + b"\n"}


def test_no_half_made_chain_is_left_beside_it(keys: Path) -> None:
    signing_key()
    assert [path.name for path in keys.iterdir()] == ["chain"]


def test_a_key_that_others_may_read_is_refused(keys: Path) -> None:
    signing_key()
    (keys / "chain" / "leaf.pem").chmod(0o644)
    with pytest.raises(CredentialError, match=r"others may read this key; run `chmod 600"):
        signing_key()


def test_a_damaged_chain_is_one_clear_line(keys: Path) -> None:
    signing_key()
    (keys / "chain" / "leaf.pem").write_text("no key")
    with pytest.raises(CredentialError, match=r"leaf\.pem: no certificate in PEM") as error:
        signing_key()
    assert "\n" not in str(error.value)


def test_a_leaf_is_renewed_long_before_it_expires(keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "LEAF_LIFE", timedelta(days=300))
    old = signing_key()
    monkeypatch.undo()
    monkeypatch.setenv("UNDERSTUDY_KEYS", str(keys))
    new = signing_key()
    leaf = x509.load_pem_x509_certificates(new.chain_pem.encode())[0]
    assert new != old
    assert leaf.not_valid_after_utc > datetime.now(UTC) + timedelta(days=4 * 365)
    assert new == signing_key()


def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("UNDERSTUDY_KEYS", str(tmp_path / "file"))
    with pytest.raises(CredentialError, match="set UNDERSTUDY_KEYS to another folder"):
        signing_key()


def test_a_studios_certificate_needs_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_SIGN_CERT", "studio.pem")
    with pytest.raises(CredentialError, match="go together"):
        signing_key()


def test_a_key_that_does_not_fit_its_certificate_is_refused(
    keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signing_key()
    other = tmp_path / "other.pem"
    other.write_text(certificates.key_pem_of(ec.generate_private_key(ec.SECP256R1())))
    other.chmod(0o600)
    monkeypatch.setenv("UNDERSTUDY_SIGN_CERT", str(keys / "chain" / "leaf.pem"))
    monkeypatch.setenv("UNDERSTUDY_SIGN_KEY", str(other))
    with pytest.raises(CredentialError, match="does not belong to the first certificate"):
        signing_key()


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (ec.generate_private_key(ec.SECP256R1()), "es256"),
        (ec.generate_private_key(ec.SECP384R1()), "es384"),
        (ed25519.Ed25519PrivateKey.generate(), "ed25519"),
        (rsa.generate_private_key(65537, 2048), "ps256"),
    ],
    ids=["P-256", "P-384", "Ed25519", "RSA"],
)
def test_the_algorithm_follows_from_the_key(key: certificates.PrivateKey, name: str) -> None:
    assert certificates.algorithm_of(certificates.key_in(certificates.key_pem_of(key), where="k"), where="k") == name


def test_a_curve_that_cannot_sign_is_refused() -> None:
    with pytest.raises(CredentialError, match="secp256k1"):
        certificates.algorithm_of(ec.generate_private_key(ec.SECP256K1()), where="k")
