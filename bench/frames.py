"""What it takes to seal and to open the frame of one SUPPLY_UPDATE, with either cipher: CPU of this process."""

import time
from dataclasses import dataclass

from evcharge.evc1.frames import Cipher, FernetCipher, GcmCipher, Opener, Sealer
from evcharge.evc1.messages import SupplyUpdate

_FRAMES = 300
# The best of so many: whatever else the machine does makes it longer, nothing makes it shorter.
_ROUNDS = 25
_KEY = bytes(range(32))


@dataclass(frozen=True)
class Frames:
    """Microseconds to seal and to open one, and its bytes."""

    seal_us: float
    open_us: float
    size: int


def measure(cipher: type[Cipher]) -> Frames:
    """Seal and open some hundreds of frames, many times over."""
    update = SupplyUpdate(session_id="S-D00001-CP00001-ab12cd34", power_w=22_000, energy_mwh=61_110)
    sealed, opened, size = [], [], 0
    for _ in range(_ROUNDS):
        sealer, opener = Sealer(_KEY, cipher=cipher), Opener(_KEY, cipher)
        began = time.thread_time()
        tokens = [sealer.seal(update) for _ in range(_FRAMES)]
        sealed.append(time.thread_time() - began)
        began = time.thread_time()
        for token in tokens:
            opener.open(token)
        opened.append(time.thread_time() - began)
        size = len(tokens[0])
    return Frames(min(sealed) / _FRAMES * 1e6, min(opened) / _FRAMES * 1e6, size)


def main() -> None:
    """Print both."""
    for name, cipher in (("Fernet", FernetCipher), ("AES-256-GCM", GcmCipher)):
        one = measure(cipher)
        print(f"{name:16}seal {one.seal_us:.1f} us, open {one.open_us:.1f} us, {one.size} bytes")


if __name__ == "__main__":
    main()
