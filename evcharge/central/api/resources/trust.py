"""What a phone on the LAN needs to trust this Central: its CA's certificate, and how to tell the right one."""

from pathlib import Path

from aiohttp import hdrs, web
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from evcharge.central.api.kit import answers
from evcharge.central.api.kit.routes import ANYBODY, Route
from evcharge.central.rules.commands import Actor
from evcharge.domain.errors import Code, Refused
from evcharge.http.server import answer

_KIND = "application/x-x509-ca-cert"


class TrustRoutes:
    """/ca.crt, /api/trust. A certificate is no secret; `names` are those that Central's own holds besides addresses."""

    def __init__(self, ca_file: Path, names: list[str], *, local: bool) -> None:
        self._ca_file = ca_file
        self._names = names
        self._local = local

    def routes(self) -> list[Route]:
        """Return the routes of this room."""
        return [
            Route(
                method=hdrs.METH_GET,
                path="/ca.crt",
                handler=self.authority,
                roles=ANYBODY,
                answers=_KIND,
                also={404: "There is no certificate."},
                summary="The certificate of this network's authority, as phones take it.",
            ),
            Route(
                method=hdrs.METH_GET,
                path="/api/trust",
                handler=self.trust,
                roles=ANYBODY,
                answers=answers.TrustAnswer,
                also={404: "There is no certificate."},
                summary="The fingerprint of that certificate, to be compared with what Central's own screen shows.",
            ),
        ]

    async def authority(self, _request: web.Request, _: Actor) -> web.Response:
        """Hand out the certificate."""
        headers = {
            hdrs.CONTENT_DISPOSITION: 'attachment; filename="evcharge-ca.crt"',
            hdrs.CACHE_CONTROL: "no-store",
        }
        return web.Response(body=self._pem(), content_type=_KIND, headers=headers)

    async def trust(self, _request: web.Request, _: Actor) -> web.Response:
        """Say how to tell the certificate."""
        found = x509.load_pem_x509_certificate(self._pem())
        return answer(
            {
                "sha256": found.fingerprint(hashes.SHA256()).hex(":").upper(),
                "until": found.not_valid_after_utc.isoformat(timespec="seconds"),
                "names": self._names,
                "local": self._local,
            }
        )

    def _pem(self) -> bytes:
        try:
            return self._ca_file.read_bytes()
        except OSError:
            raise Refused("Central has no ca.pem in its state folder.", Code.NOT_FOUND) from None
