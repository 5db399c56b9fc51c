"""Text that came from outside, as a terminal may get it: nothing in it moves a cursor or turns a line around. Pure."""

import re

# Control characters, line separators, marks and overrides of direction, lone surrogates: a line stays one line, and
# says in every terminal what it says in the file.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_IN_JSON = re.compile(r"[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")

_MOST_PORT = 65_535


def place(host: str, port: int | str) -> str:
    """Return host and port as one types them: an IPv6 address stands in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parted(text: str) -> tuple[str, int]:
    """Return host and port of "host:port", an IPv6 address in brackets. Raises ValueError."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or (":" in host) != (host.startswith("[") and host.endswith("]")):
        raise ValueError("not host:port")
    if not port.isascii() or not port.isdigit() or int(port) > _MOST_PORT:
        raise ValueError("no port")
    return host.removeprefix("[").removesuffix("]"), int(port)


def clean(text: str) -> str:
    """Return `text` on one line: control characters and direction overrides written as escapes."""
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


def clean_json(text: str) -> str:
    """Return JSON that means the same: what a terminal would obey is written as JSON's own escapes."""
    return _IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
