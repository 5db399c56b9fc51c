"""Records what is said in a scene, as a file: `python -m tests.golden.record FILE` with the release to be kept."""

import asyncio
import base64
import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from cryptography.fernet import Fernet

import evcharge
from evcharge.evc1 import frames, handshake
from evcharge.security import secret_files
from tests.golden.scene import play, scene


class Ears:
    """Overhears every connection: its login, what random bytes both ends took for it, and every frame."""

    def __init__(self) -> None:
        self.connections: dict[str, dict[str, Any]] = {}
        # [connection, who, the frame, what it says]
        self.said: list[tuple[str, str, str, Any]] = []
        self._by_hello: dict[bytes, list[str]] = {}
        self._by_th: dict[bytes, str] = {}
        self._by_key: dict[bytes, tuple[str, str]] = {}

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Overhear all that happens in this process during the block."""
        ears = self
        peer_init, hello = handshake.PeerHandshake.__init__, handshake.PeerHandshake.hello
        central_init = handshake.CentralHandshake.__init__
        on_hello, on_proof = handshake.CentralHandshake.on_hello, handshake.CentralHandshake.on_proof
        keys_init, sealer_init, seal = (
            handshake.SessionKeys.__init__,
            frames.Sealer.__init__,
            frames.Sealer.seal,
        )

        def peer_made(peer: Any, ticket: str, key: bytes, *more: Any, **named: Any) -> None:
            peer_init(peer, ticket, key, *more, **named)
            peer.taken = [peer._secret.private_bytes_raw().hex(), peer._nonce.hex()]

        def said_hello(peer: Any) -> bytes:
            frame = hello(peer)
            ears._by_hello[frame] = peer.taken
            return frame

        def central_made(central: Any, *more: Any, **named: Any) -> None:
            central_init(central, *more, **named)
            take = central._entropy
            central.taken = []

            def taken(count: int) -> bytes:
                central.taken.append(take(count).hex())
                return bytes.fromhex(central.taken[-1])

            central._entropy = taken

        def heard_hello(central: Any, frame: bytes, *more: Any) -> bytes:
            challenge = on_hello(central, frame, *more)
            central.heard = (frame, challenge)
            return challenge

        def heard_proof(central: Any, proof: bytes) -> bytes:
            accept = on_proof(central, proof)
            first, challenge = central.heard
            role = str(central.identity.role)
            number = sum(name.startswith(role) for name in ears.connections) + 1
            name = f"{role} {number}"
            ears._by_th[central._th] = name
            ears._name_keys(central.keys, name)
            ears.connections[name] = {
                "id": central.identity.id,
                "role": role,
                "now": central._now,
                "ticket": json.loads(first)["ticket"],
                "ticket_key": central._ticket_key.hex(),
                "peer_took": ears._by_hello[first],
                "central_took": central.taken,
                "HELLO": text(first),
                "CHALLENGE": text(challenge),
                "PROOF": text(proof),
                "ACCEPT": text(accept),
            }
            return accept

        def keys_made(keys: Any, th: bytes, master: bytes) -> None:
            keys_init(keys, th, master)
            if th in ears._by_th:
                ears._name_keys(keys, ears._by_th[th])

        # The sealers are kept, so that no two have the same id.
        sealers: dict[int, tuple[Any, bytes]] = {}

        def sealer_made(sealer: Any, key: bytes, *more: Any, **named: Any) -> None:
            sealer_init(sealer, key, *more, **named)
            sealers[id(sealer)] = (sealer, key)

        def sealed(sealer: Any, message: Any) -> bytes:
            token = seal(sealer, message)
            _, key = sealers[id(sealer)]
            if key in ears._by_key:
                name, who = ears._by_key[key]
                plain = Fernet(base64.urlsafe_b64encode(key)).decrypt(token)
                ears.said.append((name, who, token.decode(), json.loads(plain)["m"]))
            return token

        with (
            mock.patch.object(handshake.PeerHandshake, "__init__", peer_made),
            mock.patch.object(handshake.PeerHandshake, "hello", said_hello),
            mock.patch.object(handshake.CentralHandshake, "__init__", central_made),
            mock.patch.object(handshake.CentralHandshake, "on_hello", heard_hello),
            mock.patch.object(handshake.CentralHandshake, "on_proof", heard_proof),
            mock.patch.object(handshake.SessionKeys, "__init__", keys_made),
            mock.patch.object(frames.Sealer, "__init__", sealer_made),
            mock.patch.object(frames.Sealer, "seal", sealed),
        ):
            yield

    def _name_keys(self, keys: Any, name: str) -> None:
        self._by_key[keys.from_peer] = (name, "peer")
        self._by_key[keys.from_central] = (name, "central")


def text(frame: bytes) -> str:
    return base64.b64encode(frame).decode()


async def record(file: Path) -> None:
    """Play the scene and write down what was said."""
    ears = Ears()
    with tempfile.TemporaryDirectory() as folder, ears.listening():
        async with scene(Path(folder)) as here:
            await play(here)
        service_key = secret_files.read_keys(Path(folder) / "service.key")[0].decode()
    rows = ",\n  ".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in ears.said)
    connections = ",\n  ".join(
        f"{json.dumps(name)}: {json.dumps(one, separators=(',', ':'))}"
        for name, one in ears.connections.items()
    )
    file.write_text(
        f'{{"release": "{evcharge.__version__}", "service_key": "{service_key}",\n'
        f' "connections": {{\n  {connections}\n }},\n "said": [\n  {rows}\n ]\n}}\n',
        "utf-8",
    )


if __name__ == "__main__":
    asyncio.run(record(Path(sys.argv[1])))
