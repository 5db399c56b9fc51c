"""The local CA and the certificates it signs. Pure: the time comes in, nothing is read or written.

They satisfy the strict checks (VERIFY_X509_STRICT) that Python 3.13 makes by default.
"""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from evcharge.domain.errors import StateError

_CA_DAYS, _SERVER_DAYS, _WARN_DAYS = 3650, 1825, 30
# The PCs of a lab do not agree on the time; a certificate of today must already hold on a slow one.
_BACKDATED = timedelta(days=1)


class Authority(Struct, frozen=True):
    """The CA: its certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def new_authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> Authority:
    """Return a CA that signs itself with `key`, valid for ten years."""
    # A number in the name, so that two networks in one lab do not look alike.
    number = x509.random_serial_number() % 16**8
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"evcharge CA {number:08x}")])
    certificate = (
        _builder(name, name, key, key, now, _CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(for_ca=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def server_certificate(
    subject: str,
    names: Sequence[str],
    key: ec.EllipticCurvePrivateKey,
    authority: Authority,
    now: datetime,
) -> x509.Certificate:
    """Return a certificate for the hosts and addresses in `names`, valid for five years.

    Raises StateError for a name that is neither.
    """
    alternatives = x509.SubjectAlternativeName([_general_name(name) for name in names])
    return (
        _builder(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]),
            authority.certificate.subject,
            key,
            authority.key,
            now,
            _SERVER_DAYS,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(for_ca=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(alternatives, critical=False)
        .sign(authority.key, hashes.SHA256())
    )


def doubts(
    certificate: x509.Certificate, authority: Authority, names: Sequence[str], now: datetime
) -> list[str]:
    """Return why `certificate` will not serve `names` much longer, as ends of sentences."""
    found = []
    if certificate.issuer != authority.certificate.subject:
        found.append("is not from the CA in ca.pem")
    ends_at = certificate.not_valid_after_utc
    if ends_at < now + timedelta(days=_WARN_DAYS):
        found.append(f"ends on {ends_at:%Y-%m-%d}")
    named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    if missing := [name for name in names if _general_name(name) not in named]:
        found.append(f"does not name {', '.join(missing)}")
    return found


def names_of(certificate: x509.Certificate) -> list[str]:
    """Return the hosts and addresses for which `certificate` is good."""
    try:
        named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    addresses = [str(address) for address in named.get_values_for_type(x509.IPAddress)]
    return [*addresses, *named.get_values_for_type(x509.DNSName)]


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    now: datetime,
    days: int,
) -> x509.CertificateBuilder:
    # Both key identifiers are asked for by the strict checks.
    subject_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now.astimezone(UTC) - _BACKDATED)
        .not_valid_after(now.astimezone(UTC) + timedelta(days=days))
        .add_extension(subject_id, critical=False)
        .add_extension(issuer_id, critical=False)
    )


def _key_usage(*, for_ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not for_ca,
        key_cert_sign=for_ca,
        crl_sign=for_ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return x509.DNSName(name)
    except ValueError:
        raise StateError(f"{name!a} is not a host name or address for a certificate.") from None
