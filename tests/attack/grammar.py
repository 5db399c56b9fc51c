"""JSON that knows what it should be, and then is not: messages after their schemas, spoilt in one place or a few."""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import inspect

from evcharge.domain.ids import ID_PATTERN
from evcharge.domain.journal_records import Key, Text, Token
from evcharge.evc1.messages import Pin, Place

# What stands where it may not, as it is written in JSON.
HOSTILE = (
    '"\\ud800"', '"\\udfff\\ud800"', '"\\u0000"', '"\\u202e"', '"a\\nb"', '"\\u001b[2J"', '"' + "x" * 5_000 + '"', '""',
    '"' + "\U0001f50c" * 60 + '"', "null", "true", "[]", "{}", "0", "-0", "-1", "1.5", "1e400", "-1e400", "NaN",
    "Infinity", str(2**31), str(2**53), str(2**53 + 1), str(2**63 - 1), str(2**63), str(2**64), "9" * 400, "9" * 4_400,
    "1e308", "[" * 3_000 + "]" * 3_000, '{"a":' * 500 + "1" + "}" * 500, '{"a":1,"a":1}', '{"\\udfff":1}', "01", "+1",
    "'x'", "tru", "",
)  # fmt: skip
KEYS = (
    '"\\udfff"',
    '"\\u0000"',
    '"t"',
    '"k"',
    '"n"',
    '"__proto__"',
    '"more"',
    '""',
    '"' + "k" * 3_000 + '"',
    "x",
)
GARBAGE = (b"", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\xef\xbb\xbf", b" " * 9, b"}", b"{", b"\n")


@dataclass
class Node:
    """A value as it will be written: `pairs` of an object, `items` of an array, or `text`."""

    text: str = ""
    pairs: list[tuple[str, "Node"]] | None = None
    items: list["Node"] | None = None

    def written(self) -> str:
        """Return it as JSON, or as what it has become."""
        if self.pairs is not None:
            return "{" + ",".join(f"{key}:{value.written()}" for key, value in self.pairs) + "}"
        if self.items is not None:
            return "[" + ",".join(item.written() for item in self.items) + "]"
        return self.text

    def all(self) -> Iterator["Node"]:
        """Yield this node and all below it."""
        yield self
        for child in [value for _, value in self.pairs or ()] + (self.items or []):
            yield from child.all()


def node(value: Any) -> Node:
    """Return `value` as it would be written."""
    if isinstance(value, dict):
        return Node(pairs=[(json.dumps(key), node(one)) for key, one in value.items()])
    if isinstance(value, list):
        return Node(items=[node(one) for one in value])
    return Node(json.dumps(value))


def _pattern(kind: Any) -> str:
    return str(kind.__metadata__[0].pattern)


@dataclass
class Grammar:
    """Makes messages by chance. `ids` are the values of some fields that mean something to who reads them."""

    chance: random.Random
    ids: Mapping[str, list[Any]] = field(default_factory=dict)

    # ---- what is right

    def struct(self, kind: type) -> Node:
        """Return a good value of a msgspec struct."""
        return node(self._struct(inspect.type_info(kind)))  # type: ignore[arg-type]

    def _struct(self, info: inspect.StructType) -> dict[str, Any]:
        made: dict[str, Any] = {} if info.tag_field is None else {info.tag_field: info.tag}
        for one in info.fields:
            if one.required or self.chance.random() < 0.7:
                known = self.ids.get(one.encode_name)
                made[one.encode_name] = (
                    self.chance.choice(known)
                    if known and self.chance.random() < 0.8
                    else self._value(one.type)
                )
        return made

    def _value(self, info: inspect.Type) -> Any:
        match info:
            case inspect.StructType():
                return self._struct(info)
            case inspect.UnionType(types=types):
                return self._value(self.chance.choice(types))
            case (
                inspect.ListType(item_type=item, min_length=least, max_length=most)
                | inspect.VarTupleType(item_type=item, min_length=least, max_length=most)
            ):
                return [self._value(item) for _ in range(self.chance.randint(least or 0, min(most or 4, 4)))]
            case inspect.IntType(ge=least, le=most):
                low, high = least or 0, most if most is not None else 2**53
                return self.chance.choice([low, high, self.chance.randint(low, min(high, low + 1000))])
            case inspect.FloatType(ge=low, le=high):
                least_s, most_s = low or 0.0, 1e9 if high is None else high
                return self.chance.choice([least_s, most_s, self.chance.uniform(least_s, most_s)])
            case inspect.BoolType():
                return self.chance.random() < 0.5
            case inspect.StrType():
                return self._text(info)
            case inspect.EnumType(cls=kinds):
                return self.chance.choice([one.value for one in kinds])
            case inspect.LiteralType(values=values):
                return self.chance.choice(values)
            case _:
                return None

    def _text(self, info: inspect.StrType) -> str:
        letters = "0123456789abcdef"
        by_pattern: dict[str | None, Callable[[], str]] = {
            ID_PATTERN: lambda: f"CP{self.chance.randrange(1000):03}",
            _pattern(Token): lambda: "T-" + "".join(self.chance.choices(letters, k=12)),
            _pattern(Key): lambda: "A" * 43 + "=",
            _pattern(Pin): lambda: "4711",
            _pattern(Place): lambda: f"10.0.0.9:{self.chance.randrange(1, 65536)}",
            _pattern(Text): lambda: self.chance.choice(["", "driver", "unplugged", "é" * 200, "<b>%s{0}"]),
        }
        if info.pattern in by_pattern:
            return by_pattern[info.pattern]()
        return "".join(self.chance.choices(letters, k=info.min_length or 32))

    # ---- what is wrong

    def spoilt(self, good: Node) -> bytes:
        """Return `good`, changed in one place or a few. Now and then it stays good."""
        for _ in range(self.chance.choice([0, 1, 1, 1, 2, 3])):
            self._spoil(self.chance.choice(list(good.all())))
        written = good.written().encode("utf-8", "surrogatepass")
        return self._bytes(written) if self.chance.random() < 0.1 else written

    def _spoil(self, place: Node) -> None:
        value = Node(self.chance.choice(HOSTILE))
        if place.pairs is None or self.chance.random() < 0.3:
            place.text, place.pairs, place.items = value.text, None, None
            return
        pairs = place.pairs
        at = self.chance.randrange(len(pairs) + 1)
        change = self.chance.randrange(4)
        if change == 0 or not pairs:
            pairs.insert(at, (self.chance.choice(KEYS), value))
        elif change == 1:
            pairs.insert(at, (self.chance.choice(pairs)[0], value))
        elif change == 2:
            del pairs[at - 1]
        else:
            pairs[at - 1] = (self.chance.choice(KEYS), pairs[at - 1][1])

    def _bytes(self, written: bytes) -> bytes:
        at = self.chance.randrange(len(written) + 1)
        return self.chance.choice(
            [
                written[:at],
                written[:at] + self.chance.choice(GARBAGE) + written[at:],
                written[:at] + bytes([self.chance.randrange(256)]) + written[at + 1 :],
                written + written,
                self.chance.randbytes(self.chance.randrange(200)),
            ]
        )
