"""What keeps other sites out of Central's pages: names, origins, and the headers of every answer. No I/O."""

import re
import socket
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from evcharge.domain.errors import AuthenticationError, Code
from evcharge.security.tls import LOOPBACK

_SAFE = (hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS)
_HOST = re.compile(r"\A[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?\Z|\A\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?\Z")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Names:
    """The names of this server: loopback, the computer's own, and `others`."""

    def __init__(self, others: Sequence[str]) -> None:
        self._names = {name.lower() for name in (*LOOPBACK, socket.gethostname(), *others)}

    def check(self, host: str, own_address: str) -> None:
        """Raise AuthenticationError unless the header Host names us, or the address that the connection came to.

        A page in somebody's browser may have made its own name lead here (DNS rebinding); nobody's name server can
        lie about our own address.
        """
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
        name = name.removeprefix("[").removesuffix("]").lower()
        if name not in self._names and name != own_address:
            raise AuthenticationError(
                f"This Central is not called {ascii(name)[1:-1][:80]}: add the name to [registry] names.",
                Code.ROLE,
            )


def check_origin(method: str, headers: Mapping[str, str], host: str) -> None:
    """Raise AuthenticationError when a browser sends this for a page of another site.

    Only what changes something is checked, and what opens a WebSocket. Browsers say where it comes from in
    Sec-Fetch-Site, or (older ones, and on plain HTTP) in Origin; who sends neither is no browser.
    """
    upgrade = hdrs.UPGRADE in headers
    if method in _SAFE and not upgrade:
        return
    site, origin = headers.get("Sec-Fetch-Site"), headers.get(hdrs.ORIGIN)
    strange = site is not None and site not in ("same-origin", "none")
    if (site is None or upgrade) and origin is not None and not _is_ours(origin, host):
        strange = True
    if strange:
        raise AuthenticationError(
            "This came from another site's page: nothing was done. Use Central's own pages.", Code.ROLE
        )


def _is_ours(origin: str, host: str) -> bool:
    try:
        theirs, ours = urlsplit(origin), urlsplit(f"//{host}")
        # A port that goes without saying is not said.
        default = _DEFAULT_PORTS.get(theirs.scheme)
        same_port = (theirs.port or default) == (ours.port or default)
    except ValueError:
        return False
    # No host: the origin "null" of sandboxed frames and files.
    return theirs.hostname is not None and theirs.hostname == ours.hostname and same_port


def security_headers(host: str) -> dict[str, str]:
    """Return what every answer says to browsers. `host` is the header Host, which anybody may have written."""
    # Older browsers do not count a WebSocket of the same host as 'self'.
    sockets = f" ws://{host} wss://{host}" if _HOST.match(host) else ""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"manifest-src 'self'; connect-src 'self'{sockets}; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types evcharge"
    )
    return {
        "Content-Security-Policy": policy,
        "Cross-Origin-Opener-Policy": "same-origin",
    }


def own_address(request: web.BaseRequest) -> str:
    """Return the address that the connection came in at."""
    own = request.transport.get_extra_info("sockname") if request.transport is not None else None
    return str(own[0]) if isinstance(own, tuple) else ""


def own_port(request: web.BaseRequest) -> int:
    """Return the port that the connection came in at."""
    own = request.transport.get_extra_info("sockname") if request.transport is not None else None
    return int(own[1]) if isinstance(own, tuple) else 0


def address_of(request: web.BaseRequest) -> str:
    """Return HOST:PORT of who sent `request`."""
    peer = request.transport.get_extra_info("peername") if request.transport is not None else None
    return f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) else "unknown:0"
