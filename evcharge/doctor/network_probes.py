"""How far one gets on each way: TCP, TLS with our CA, a certificate, a clock, and the first words of EVC1.

Nothing secret is sent to whom our CA has not vouched for, and nobody is logged in.
"""

import asyncio
import contextlib
import email.utils
import errno
import socket
import ssl
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from cryptography import x509
from msgspec import Struct

from evcharge.doctor.observations import ServerShown, TlsServer, Trust, Way, WayEnd
from evcharge.domain.errors import Code, EvchargeError
from evcharge.domain.ids import Role
from evcharge.domain.strict_json import read_json
from evcharge.evc1.frames import FrameCutter, frame
from evcharge.evc1.handshake import PeerHandshake
from evcharge.evc1.login_errors import parse_error
from evcharge.evc1.tickets import IssuedTicket
from evcharge.runtime import failures
from evcharge.runtime.clock import utc_now
from evcharge.runtime.plain import place
from evcharge.security.certificates import names_of
from evcharge.security.tls import CertificateFault, client_context

_NEIGHBOURS = Path("/proc/net/arp")
_MOST_BYTES = 8192
_ENDS = {
    errno.ECONNREFUSED: WayEnd.REFUSED,
    errno.ENETUNREACH: WayEnd.NO_ROUTE,
    errno.ENETDOWN: WayEnd.NO_ROUTE,
    errno.EADDRNOTAVAIL: WayEnd.NO_ROUTE,
    errno.EHOSTUNREACH: WayEnd.TURNED_AWAY,
    errno.EHOSTDOWN: WayEnd.NOBODY,
    errno.ENOPROTOOPT: WayEnd.TURNED_AWAY,
    errno.EACCES: WayEnd.HELD_BACK,
    errno.EPERM: WayEnd.HELD_BACK,
    errno.ETIMEDOUT: WayEnd.DROPPED,
}
_TRUSTS = {
    CertificateFault.OTHER_HOST: Trust.OTHER_NAME,
    CertificateFault.OTHER_ADDRESS: Trust.OTHER_NAME,
    CertificateFault.NOT_YET_VALID: Trust.NOT_YET,
    CertificateFault.EXPIRED: Trust.EXPIRED,
}


async def way(host: str, port: int, within_s: float) -> Way:
    """Open a TCP connection to `host:port` and close it again; return how far that got."""
    try:
        async with asyncio.timeout(within_s):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return Way(host=host, port=port, end=WayEnd.NOBODY if _is_nobody(host) else WayEnd.DROPPED)
    except OSError as problem:
        return Way(host=host, port=port, end=_end(problem, host), why=failures.why(problem))
    await _hang_up(writer)
    return Way(host=host, port=port, end=WayEnd.OPEN)


def _end(problem: OSError, host: str) -> WayEnd:
    if isinstance(problem, socket.gaierror):
        return WayEnd.NO_NAME
    end = _ENDS.get(problem.errno or 0, WayEnd.FAILED)
    return WayEnd.NOBODY if end is WayEnd.TURNED_AWAY and _is_nobody(host) else end


def _is_nobody(host: str) -> bool:
    """Return whether the neighbours were asked for `host`, an IPv4 address, and nobody said that it is his."""
    try:
        rows = [line.split() for line in _NEIGHBOURS.read_text("ascii").splitlines()[1:]]
    except (OSError, ValueError):
        return False
    return any(row[0] == host and row[2] == "0x0" for row in rows if len(row) > 3)


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with contextlib.suppress(OSError, ssl.SSLError):
        await writer.wait_closed()


# ---- servers with a certificate


async def server(host: str, port: int, path: str, ca_file: Path, within_s: float) -> TlsServer:
    """Look at the server at `host:port`, which answers GET `path`: does our CA vouch for it, what is its time?"""
    found = await way(host, port, within_s)
    if found.end is not WayEnd.OPEN:
        return TlsServer(way=found)
    trust = await _trust(host, port, ca_file, within_s)
    if trust in (Trust.NO_TLS, Trust.SILENT):
        return TlsServer(way=found, shown=ServerShown(trust=trust))
    return TlsServer(way=found, shown=await _shown(host, port, path, trust, within_s))


async def _trust(host: str, port: int, ca_file: Path, within_s: float) -> Trust:
    try:
        context = client_context(ca_file)
    except EvchargeError:
        context, otherwise = _anybody(), Trust.UNCHECKED
    else:
        otherwise = Trust.OURS
    try:
        async with asyncio.timeout(within_s):
            _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    except ssl.SSLCertVerificationError as problem:
        return _TRUSTS.get(problem.verify_code, Trust.OTHER_CA)  # type: ignore[call-overload,no-any-return]
    except TimeoutError:
        return Trust.SILENT
    except OSError:
        return Trust.NO_TLS
    await _hang_up(writer)
    return otherwise


def _anybody() -> ssl.SSLContext:
    # For advice only: what is sent is a question that anybody may hear.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _shown(host: str, port: int, path: str, trust: Trust, within_s: float) -> ServerShown:
    certificate: x509.Certificate | None = None
    head = b""
    with contextlib.suppress(OSError, TimeoutError, ValueError):
        async with asyncio.timeout(within_s):
            reader, writer = await asyncio.open_connection(host, port, ssl=_anybody(), server_hostname=host)
            try:
                raw = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
                certificate = x509.load_der_x509_certificate(raw)
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                while (
                    b"\r\n\r\n" not in head and len(head) < _MOST_BYTES and (part := await reader.read(1024))
                ):
                    head += part
            finally:
                await _hang_up(writer)
    return ServerShown(
        trust=trust,
        names=tuple(names_of(certificate)) if certificate is not None else (),
        begins=certificate.not_valid_before_utc if certificate is not None else None,
        ends=certificate.not_valid_after_utc if certificate is not None else None,
        ahead_s=ahead_s(head, utc_now()),
    )


def ahead_s(head: bytes, now: datetime) -> float | None:
    """Return how far `now` is ahead of the Date in the head of an answer, in seconds; None without one."""
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"date":
            try:
                there = email.utils.parsedate_to_datetime(value.decode("ascii", "replace").strip())
            except ValueError:
                return None
            return (now - there.astimezone(UTC)).total_seconds()
    return None


class _About(Struct):
    version: str


class _Description(Struct):
    info: _About


async def release(api: Way, ca_file: Path, within_s: float) -> str | None:
    """Return the release of the Central whose API is there, as it describes itself to anybody; None if it does not."""
    url = f"https://{place(api.host, api.port)}/api/openapi.json"
    connector = aiohttp.TCPConnector(ssl=client_context(ca_file))
    timeout = aiohttp.ClientTimeout(total=within_s)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.get(url, allow_redirects=False) as response,
        ):
            return read_json(await response.read(), _Description).info.version
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        return None


# ---- Central


async def knock(
    host: str, port: int, issued: IssuedTicket, id_: str, role: Role, within_s: float
) -> EvchargeError | None:
    """Show Central a ticket, and leave before the login: None, or what it says against it.

    It takes no place: whoever is connected as `id_` notices nothing.
    """
    handshake = PeerHandshake(issued.ticket, issued.key, id_, role)
    cutter = FrameCutter()
    try:
        async with asyncio.timeout(within_s):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(frame(handshake.hello()))
                while (received := cutter.pop()) is None:
                    if not (part := await reader.read(_MOST_BYTES)):
                        return EvchargeError("it hung up", Code.CENTRAL_PROOF)
                    cutter.feed(part)
            finally:
                await _hang_up(writer)
        if (error := parse_error(received)) is not None:
            return error
        handshake.on_challenge(received)
    except TimeoutError:
        return EvchargeError("it says nothing", Code.TIMEOUT)
    except OSError as problem:
        return EvchargeError(failures.why(problem), Code.UNREACHABLE)
    except EvchargeError as problem:
        return problem
    return None
