"""X.509 certificates and keys for content credentials: made, parsed and written as PEM; no files here."""

import secrets
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from understudy.errors import CredentialError

ORGANISATION = "understudy"
CHAIN_LIFE = timedelta(days=30 * 365)
LEAF_LIFE = timedelta(days=5 * 365)
CLOCK_SKEW = timedelta(days=1)
REMEDY = "if this is your own chain, move its folder away and a new one is made; older files then count as a stranger's"

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def new_chain() -> tuple[str, str]:
    """A new root (certificate alone) and its intermediate (certificate, key) as PEM; the root's key is forgotten."""
    now = datetime.now(UTC)
    mark = secrets.token_hex(4)
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name, name = _name(f"understudy root {mark}"), _name(f"understudy intermediate {mark}")
    root = _authority(root_name, root_key, root_name, root_key, path_length=1, now=now)
    intermediate = _authority(name, key, root_name, root_key, path_length=0, now=now)
    return pem_of(root), pem_of(intermediate) + key_pem_of(key)


def new_leaf(intermediate_pem: str, *, where: str) -> str:
    """A new certificate that may sign files, and its key, as PEM; `where` names the intermediate in errors."""
    issuer, issuer_key = certificates_in(intermediate_pem, where=where)[0], key_in(intermediate_pem, where=where)
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey), "one's own chain is made of P-256 keys"
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])  # what C2PA asks of a signer by default
    builder = _builder(_name("understudy signer"), key, issuer.subject, issuer_key, now=now)
    builder = builder.not_valid_after(min(now + LEAF_LIFE, issuer.not_valid_after_utc))
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_files=True), critical=True).add_extension(usage, critical=False)
    return pem_of(builder.sign(issuer_key, hashes.SHA256())) + key_pem_of(key)


def certificates_in(pem: str, *, where: str) -> list[x509.Certificate]:
    """All certificates of a PEM text. Raises CredentialError, naming `where`, when there is none."""
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError as error:
        raise CredentialError(f"{where}: no certificate in PEM is to be read here; {REMEDY}") from error


def key_in(pem: str, *, where: str) -> PrivateKey:
    """The private key of a PEM text. Raises CredentialError, naming `where`, when there is none that can sign."""
    start = max(pem.find(f"-----BEGIN {kind}PRIVATE KEY") for kind in ("", "EC ", "RSA ", "ENCRYPTED "))
    try:
        key = serialization.load_pem_private_key(pem[start:].encode() if start >= 0 else b"", password=None)
    except (ValueError, TypeError) as error:
        raise CredentialError(f"{where}: no unencrypted private key in PEM is to be read here; {REMEDY}") from error
    if not isinstance(key, PrivateKey):
        raise CredentialError(f"{where}: a {type(key).__name__} cannot sign content credentials; use P-256")
    return key


def algorithm_of(key: PrivateKey, *, where: str) -> str:
    """The signing algorithm as C2PA names it: es256, es384, es512, ed25519 or ps256."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    names = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
    if key.curve.name not in names:
        raise CredentialError(f"{where}: curve {key.curve.name} cannot sign content credentials; use P-256")
    return names[key.curve.name]


def authorities_in(pem: str, *, where: str) -> dict[str, str]:
    """The certificates of a PEM text that may sign others, PEM by subject."""
    found = [certificate for certificate in certificates_in(pem, where=where) if _may_sign_others(certificate)]
    return {certificate.subject.rfc4514_string(): pem_of(certificate) for certificate in found}


def pem_of(certificate: x509.Certificate) -> str:
    """A certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def key_pem_of(key: PrivateKey) -> str:
    """A private key as unencrypted PKCS #8 PEM."""
    form, secret = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, form, secret).decode()


def _authority(
    name: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    path_length: int,
    now: datetime,
) -> x509.Certificate:
    builder = _builder(name, key, issuer, issuer_key, now=now).not_valid_after(now + CHAIN_LIFE)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    builder = builder.add_extension(_usage(signs_files=False), critical=True)
    return builder.sign(issuer_key, hashes.SHA256())


def _builder(
    name: x509.Name, key: ec.EllipticCurvePrivateKey, issuer: x509.Name, issuer_key: PrivateKey, *, now: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - CLOCK_SKEW)
    subject_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return builder.add_extension(subject_id, critical=False).add_extension(issuer_id, critical=False)


def _usage(*, signs_files: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs_files,
        key_cert_sign=not signs_files,
        crl_sign=not signs_files,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _may_sign_others(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
