"""Central's HTTP API as the operator's commands see it."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from evcharge.domain.ids import natural
from evcharge.http.central_client import OPERATOR_VARIABLE, ApiClient, BearerToken
from evcharge.labels import Speech
from evcharge.runtime.config import ReachSettings
from evcharge.security import state_folder

# An order to all charging points may take its time.
_WITHIN_S = 20.0


class OperatorClient(ApiClient):
    """Central wherever `reach` says that one is, with the operator's token of the state folder or the environment."""

    def __init__(
        self, reach: ReachSettings, state: Path, say: Speech, environ: Mapping[str, str] = os.environ
    ) -> None:
        """Raises what ApiClient raises."""
        token = BearerToken(OPERATOR_VARIABLE, state_folder.operator_token_path(state), environ)
        super().__init__(reach.central_api, state / "ca.pem", say, token, _WITHIN_S, others=reach.other_apis)

    async def get(self, path: str, **params: object) -> dict[str, Any]:
        """Ask; parameters that are None are left out. Raises what `call` raises."""
        given = {name: str(value) for name, value in params.items() if value is not None}
        return await self._object("GET", path, params=given)

    async def points(self) -> dict[str, Any]:
        """Return every charging point; Central tells them a page at a time. Raises what `call` raises."""
        content = page = await self.get("/api/cps")
        while after := page.get("next"):
            page = await self.get("/api/cps", after=after)
            content = page | {"cps": content["cps"] + page["cps"]}
        return content | {"cps": sorted(content["cps"], key=lambda point: natural(str(point["cp_id"])))}

    async def download(self, path: str, take: Callable[[bytes], object], **params: object) -> None:
        """Give a file to `take`, as it comes; parameters that are None are left out. Raises what `call` raises."""
        given = {name: str(value) for name, value in params.items() if value is not None}
        await self.stream(path, given, take)

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Order. Raises what `call` raises."""
        return await self.send("POST", path, body)

    async def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Make one call that changes something. Raises what `call` raises."""
        return await self._object(method, path, body=body)

    async def _object(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        content = await self.call(method, path, dict[str, Any], **more)
        if "error" not in content:
            raise self.no_central()
        return content
