"""Why brokers do not let us in, in one sentence: aiokafka only says that they do not.

Goes the same way once more, when that has failed. A password is sent only where aiokafka would have sent it.
"""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any, NamedTuple

from aiokafka.conn import collect_hosts, create_conn  # type: ignore[import-untyped]
from aiokafka.errors import (  # type: ignore[import-untyped]
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest  # type: ignore[import-untyped]

from evcharge.runtime import failures, plain
from evcharge.runtime.config import KafkaSettings
from evcharge.runtime.waiting import within
from evcharge.security.tls import CertificateFault

# How a reason begins when a broker answers, and names others that do not.
SENT_ON = "where the brokers send us on to, "
# What takes longer than this to say how it speaks does not say it.
_PROBE_WITHIN_S = 1.0


class _Place(NamedTuple):
    host: str
    port: int

    def __str__(self) -> str:
        return plain.place(self.host, self.port)


async def reason(settings: KafkaSettings, options: Mapping[str, Any], within_s: float) -> str | None:
    """Return what keeps us from the brokers and what to try; None when nothing does."""
    line = {name: value for name, value in options.items() if name != "bootstrap_servers"}
    try:
        return await within(_reason(settings, line), within_s)
    except TimeoutError:
        return f"{settings.bootstrap} does not answer"


async def _reason(settings: KafkaSettings, line: dict[str, Any]) -> str | None:
    first = [_Place(host, port) for host, port, _ in collect_hosts(settings.bootstrap, randomize=False)]
    tried = await asyncio.gather(*(_try(place, settings, line) for place in first))
    known = [others for others in tried if not isinstance(others, str)]
    if not known:
        return next(why for why in tried if isinstance(why, str))
    # One that answers names all of them, and it is those that everything is sent to.
    further = [place for place in dict.fromkeys(known[0]) if place not in first]
    for why in await asyncio.gather(*(_try(place, settings, line) for place in further)):
        if isinstance(why, str):
            return f"{SENT_ON}{why}"
    return None


async def _try(place: _Place, settings: KafkaSettings, line: dict[str, Any]) -> list[_Place] | str:
    """Return the brokers that the one at `place` names, or what is wrong with it."""
    try:
        connection = await create_conn(*place, **line)
    except (KafkaError, OSError) as problem:
        return f"{place} {await _why(problem, place, settings)}"
    try:
        answer = await connection.send(MetadataRequest([]))
    except (KafkaError, OSError) as problem:
        if not settings.security.startswith("sasl"):
            return (
                f'{place} hangs up: perhaps it wants a login, `[kafka] security = "sasl_{settings.security}"`'
            )
        return f"{place} hangs up ({failures.why(problem)})"
    finally:
        await connection.close()
    return [_Place(host, port) for _node, host, port, *_rack in answer.brokers]


async def _why(problem: Exception, place: _Place, settings: KafkaSettings) -> str:
    security = settings.security
    match problem:
        case ssl.SSLCertVerificationError():
            return _doubt(problem, place, settings.ca_file)
        case SaslAuthenticationFailed():
            return (
                "does not take this user and password: look at `[kafka] user`, and at EVCHARGE_KAFKA_PASSWORD "
                "or the file kafka.password"
            )
        case UnsupportedSaslMechanismError():
            return f"knows no {settings.mechanism}: set `[kafka] mechanism` to one that it has"
        case IllegalSaslStateError():
            return f'wants no login: set `[kafka] security` to "{security.removeprefix("sasl_")}"'
        case TimeoutError():
            return "does not answer"
        case ConnectionRefusedError():
            return "refuses connections: is the broker running, and is that its port?"
    if security.endswith("tls") and await _speaks_plainly(place):
        return 'speaks plain text, not TLS: name its TLS port, or set `[kafka] security` to "{}plaintext"'.format(
            security.removesuffix("tls")
        )
    if security.endswith("plaintext") and await _speaks_tls(place):
        return f'speaks TLS: set `[kafka] security` to "{security.removesuffix("plaintext")}tls"'
    return f"cannot be reached: {failures.why(problem)}"


def _doubt(problem: ssl.SSLCertVerificationError, place: _Place, ca_file: str) -> str:
    match problem.verify_code:
        case CertificateFault.OTHER_HOST | CertificateFault.OTHER_ADDRESS:
            return f"shows a certificate that does not name {place.host}: use a name that it has, or add this one to it"
        case CertificateFault.EXPIRED:
            return "shows a certificate that has expired: renew it, or set the clock here"
        case CertificateFault.NOT_YET_VALID:
            return "shows a certificate that is not valid yet: set the clock here"
        case (
            CertificateFault.NO_ISSUER
            | CertificateFault.SELF_SIGNED
            | CertificateFault.SELF_SIGNED_ISSUER
            | CertificateFault.NO_LOCAL_ISSUER
            | CertificateFault.NO_SIGNATURE
        ):
            believed = "from the authority in `[kafka] ca_file`" if ca_file else "trusted by this system"
            return (
                f"shows a certificate that is not {believed}: set `ca_file` to the authority of the brokers"
            )
    return f"shows a certificate that is refused here (OpenSSL's number {problem.verify_code})"


async def _speaks_plainly(place: _Place) -> bool:
    # It is asked for its versions, which needs no login.
    try:
        connection = await create_conn(*place, request_timeout_ms=_PROBE_WITHIN_S * 1000)
    except (KafkaError, OSError):
        return False
    await connection.close()
    return True


async def _speaks_tls(place: _Place) -> bool:
    # Only for the advice: nothing is sent over it, so whose certificate it is does not matter.
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    opening = asyncio.open_connection(*place, ssl=anybody, ssl_handshake_timeout=_PROBE_WITHIN_S)
    try:
        _, writer = await opening
    except OSError:
        return False
    writer.transport.abort()
    return True
