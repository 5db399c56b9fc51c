"""Our terms as words on screens, in English and Spanish: the one place for them. Pure.

Codes, statuses and reasons travel and are stored as they are; only what a person reads goes through here.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache

from evcharge.domain.billing import euros, price_text
from evcharge.domain.charging_point import CpStatus
from evcharge.domain.errors import Code
from evcharge.domain.session import EndReason
from evcharge.labels import translations
from evcharge.runtime.network_currency import currency

# What terminals, commands and logs speak; and pages, whose other sentences `translations` have.
LANGUAGES = ("en", "es")
PAGE_LANGUAGES = (*LANGUAGES, *translations.LANGUAGES)
DEFAULT_LANGUAGE = "en"

Words = tuple[str, str]  # in the order of LANGUAGES

# What a peer hears when its key is another than Central's or the Registry's, or when what answers talks nonsense.
NOT_COMPREHENSIBLE = frozenset(
    {
        Code.CRYPTO,
        Code.PROOF,
        Code.CENTRAL_PROOF,
        Code.TICKET,
        Code.CREDENTIAL,
        Code.MALFORMED,
        Code.TOO_BIG,
    }
)


@cache
def _amount(sign: str) -> re.Pattern[str]:
    """Return what an amount with a unit looks like where `sign` is that of the currency."""
    unit = rf"(?:{re.escape(sign)}(?!\w)|k?Wh\b|k?W\b|°C|%|m/s|km/h|s\b|h\b)"
    return re.compile(rf"(?<![\w.,:])(-?[0-9]+)\.([0-9]+)(?= ?{unit})")


@cache
def _grouped(sign: str, *, first: bool) -> re.Pattern[str]:
    """Return what figures that grow beyond thousands look like: energy, power and money, whose sign may stand first."""
    sign = re.escape(sign)
    sums = rf"(-?{sign} ?)?" if first else "((?!))?"
    after = rf"(?= ?(?:k?Wh?\b|{sign}(?!\w)))"
    return re.compile(rf"(?<![\w.,:]){sums}(-?[0-9]{{4,}})(\.[0-9]+)(?(1)(?!\.?\w)|{after})")


# A number as English parts its thousands.
_PARTED = re.compile(r"-?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
# What parts thousands, as browsers do it: in French and Portuguese a blank at which no line breaks.
_THOUSANDS = {"en": ",", "fr": "\u202f", "pt": "\u00a0"}


class Phrase(StrEnum):
    """Sentences that several roles say. `say` fills in what stands in braces."""

    CENTRAL_LOST = "central lost"
    CENTRAL_BACK = "central back"
    REGISTRY_LOST = "registry lost"
    REGISTRY_BACK = "registry back"
    WEATHER_LOST = "weather lost"
    WEATHER_BACK = "weather back"
    NOT_UNDERSTOOD = "not understood"
    UNDERSTOOD_AGAIN = "understood again"


STATUSES: Mapping[CpStatus, Words] = {
    CpStatus.AVAILABLE: ("Available", "Disponible"),
    CpStatus.PREPARING: ("Preparing", "Preparando"),
    CpStatus.CHARGING: ("Charging", "Suministrando"),
    CpStatus.UNAVAILABLE: ("Out of Order", "Fuera de servicio"),
    CpStatus.FAULTED: ("Faulted", "Averiado"),
    CpStatus.DISCONNECTED: ("Disconnected", "Desconectado"),
    CpStatus.FINISHING: ("Occupied", "Ocupado"),
}

REASONS: Mapping[EndReason, Words] = {
    EndReason.UNPLUGGED: ("unplugged", "desenchufado"),
    EndReason.DRIVER: ("stopped by the driver", "parado por el conductor"),
    EndReason.OPERATOR: ("stopped by the operator", "parado por el operador"),
    EndReason.WEATHER: ("stopped because of the weather", "parado por el tiempo"),
    EndReason.FAULT: ("fault at the charging point", "avería del punto de recarga"),
    EndReason.LIMIT: ("the prepaid limit was reached", "se alcanzó el límite prepagado"),
    EndReason.OWN_LIMIT: ("the driver's limit was reached", "se alcanzó el límite del conductor"),
    EndReason.FULL: ("battery full", "batería llena"),
    EndReason.RESTART: ("the charging point had a restart", "el punto de recarga se reinició"),
    EndReason.REVOKED: ("the key was revoked", "clave revocada"),
    EndReason.MONITOR_LOST: ("the monitor was lost", "se perdió el monitor"),
    EndReason.LOST: ("the charging point was lost", "se perdió el punto de recarga"),
    EndReason.JOURNAL_DAMAGED: ("the journal was damaged", "diario dañado"),
    EndReason.SHUTDOWN: ("the engine was stopped", "se paró el motor del punto de recarga"),
    EndReason.NOT_PLUGGED: ("not plugged in in time", "no se enchufó a tiempo"),
    EndReason.BUSY: ("the charging point was busy", "punto de recarga ocupado"),
    EndReason.NOT_STARTED: ("never started", "no llegó a empezar"),
    EndReason.OTHER: ("another reason", "otro motivo"),
}

CODES: Mapping[Code, Words] = {
    Code.VERSION: ("protocol version not supported", "versión del protocolo no admitida"),
    Code.MALFORMED: ("messages not understood", "mensajes no comprensibles"),
    Code.TOO_BIG: ("message too large", "mensaje demasiado grande"),
    Code.FIELD: ("a value is not allowed", "un valor no está permitido"),
    Code.TICKET: ("login ticket not accepted", "tique de acceso no aceptado"),
    Code.EXPIRED: ("login ticket expired", "tique de acceso caducado"),
    Code.CLOCK: ("the clocks differ too much", "los relojes difieren demasiado"),
    Code.PROOF: ("wrong key", "clave incorrecta"),
    Code.CENTRAL_PROOF: ("this is not our Central", "esta no es nuestra Central"),
    Code.REVOKED: ("key revoked", "clave revocada"),
    Code.DISABLED: ("disabled", "dado de baja"),
    Code.DUPLICATE: ("connected twice", "conectado dos veces"),
    Code.BUSY: ("too busy now", "demasiado ocupado ahora"),
    Code.TIMEOUT: ("no answer in time", "sin respuesta a tiempo"),
    Code.SLOW: ("too slow, or too many attempts", "demasiado lento, o demasiados intentos"),
    Code.ROLE: ("not allowed in this role", "no permitido en este papel"),
    Code.ID: ("the id belongs to somebody else", "el identificador es de otro"),
    Code.SEQ: ("messages lost or repeated", "mensajes perdidos o repetidos"),
    Code.CRYPTO: ("messages not understood", "mensajes no comprensibles"),
    Code.CLOSED: ("connection closed", "conexión cerrada"),
    Code.CREDENTIAL: ("wrong id or credential", "identificador o credencial incorrectos"),
    Code.UNREACHABLE: ("not reachable", "no se puede alcanzar"),
    Code.UNKNOWN_CP: ("unknown charging point", "punto de recarga desconocido"),
    Code.CP_NOT_AVAILABLE: ("charging point not available", "punto de recarga no disponible"),
    Code.CP_BUSY: ("charging point in use", "punto de recarga en uso"),
    Code.CP_OCCUPIED: ("a vehicle is plugged in", "vehículo enchufado"),
    Code.NONE_NEAR: ("no charging point free near there", "ningún punto de recarga libre cerca de allí"),
    Code.NONE_AVAILABLE: ("no charging point available", "ningún punto de recarga disponible"),
    Code.PRICE: ("dearer than shown", "más caro de lo mostrado"),
    Code.BALANCE: ("not enough money", "saldo insuficiente"),
    Code.DRIVER_BLOCKED: ("driver blocked", "conductor bloqueado"),
    Code.DRIVER_BUSY: ("already charging", "ya está cargando"),
    Code.PAUSE: ("too many requests without plugging in", "demasiadas peticiones sin enchufar"),
    Code.WHICH_SESSION: ("several charges run: say which", "hay varias recargas en curso: diga cuál"),
    Code.NO_SESSION: ("no such charge", "no existe esa recarga"),
    Code.CONFIRM: ("this looks like a slip", "parece un descuido"),
    Code.ENGINE_THERE: (
        "its engine is connected: it ends the charge itself, when that is stopped",
        "su motor está conectado: termina él mismo la recarga cuando se para",
    ),
    Code.NOT_CONFIRMED: ("not confirmed by the driver", "sin confirmar por el conductor"),
    Code.PIN: ("wrong PIN", "PIN incorrecto"),
    Code.NOT_FOUND: ("not found", "no se encuentra"),
    Code.CONFLICT: ("taken by somebody else", "ya es de otro"),
    Code.STORAGE: ("cannot store data now", "ahora no se pueden guardar datos"),
}

STEPS: Mapping[str, Words] = {
    "ASKING": ("Asking the charging point", "Preguntando al punto de recarga"),
    "READY": ("Authorised: plug in", "Autorizado: enchufe el vehículo"),
    "CHARGING": ("Charging", "Suministrando"),
    "STOPPING": ("Stopping", "Parando"),
    "REFUSED": ("Refused", "Denegado"),
}

# The weather that withholds charging points. Codes, because `labels` stands below Central.
WEATHER: Mapping[str, Words] = {
    "COLD": ("cold", "frío"),
    "HEAT": ("heat", "calor"),
    "WIND": ("strong wind", "viento fuerte"),
    "STORM": ("storm", "tormenta"),
}

PHRASES: Mapping[Phrase, Words] = {
    Phrase.CENTRAL_LOST: ("Unable to connect to Central", "Imposible conectar con Central"),
    Phrase.CENTRAL_BACK: ("Connected to Central again", "Conexión con Central restablecida"),
    Phrase.REGISTRY_LOST: ("Registry not responding", "Registry no responde"),
    Phrase.REGISTRY_BACK: ("Registry responding again", "Registry responde de nuevo"),
    Phrase.WEATHER_LOST: ("Weather connection unavailable", "Conexión con el clima no disponible"),
    Phrase.WEATHER_BACK: ("Weather connection restored", "Conexión con el clima restablecida"),
    Phrase.NOT_UNDERSTOOD: (
        "Unable to connect to {cp_id}. Messages not comprehensible.",
        "Imposible conectar con {cp_id}. Mensajes no comprensibles.",
    ),
    Phrase.UNDERSTOOD_AGAIN: (
        "{cp_id} connected again. Messages comprehensible.",
        "{cp_id} conectado de nuevo. Mensajes comprensibles.",
    ),
}


def worded(words: Words, lang: str = DEFAULT_LANGUAGE) -> str:
    """Return a sentence in `lang`, its values still to be filled in; English where there is no other."""
    if lang in LANGUAGES:
        return currency().put_into(words[LANGUAGES.index(lang)], lang)
    return currency().put_into(translations.of(lang).get(words[0], words[0]), lang)


def filled(words: Words, lang: str, values: Mapping[str, object]) -> str:
    """Return a sentence in `lang` with `values` filled in, its amounts as readers of `lang` write them."""
    return figures(currency().finished(worded(words, lang).format_map(values)), lang)


def told(text: str, lang: str = DEFAULT_LANGUAGE) -> str:
    """Return a text of ours as readers of `lang` write it; its amounts are written "12.50 €", whatever the currency."""
    return figures(currency().finished(currency().put_into(text, lang)), lang)


def money(cents: int, lang: str = DEFAULT_LANGUAGE) -> str:
    """Return an amount in the network's currency: "1,234.50 €", "1.234,50 €" in Spanish; "$12.50" in English."""
    return _with_sign(euros(cents), lang)


def price(centi_cents_per_kwh: int, lang: str = DEFAULT_LANGUAGE) -> str:
    """Return what a kWh costs: "0.25 €/kWh"."""
    return f"{_with_sign(price_text(centi_cents_per_kwh), lang)}/kWh"


def _with_sign(number: str, lang: str) -> str:
    return figures(currency().beside(number, lang), lang)


def status(value: CpStatus, lang: str = DEFAULT_LANGUAGE) -> str:
    """Return what a tile shows for a status."""
    return worded(STATUSES[value], lang)


def reason(value: EndReason, lang: str = DEFAULT_LANGUAGE) -> str:
    """Return why a session ended, in a few words."""
    return worded(REASONS[value], lang)


def code(value: str, lang: str = DEFAULT_LANGUAGE) -> str:
    """Return what a wire code means. One that a newer peer sent is shown as it is."""
    try:
        return worded(CODES[Code(value)], lang)
    except ValueError:
        return value


def says(code_: str, text: str, lang: str = DEFAULT_LANGUAGE) -> str:
    """Return what another program said: its own sentence, which is English, or else what its code means."""
    known = code_ in CODES
    return text if lang == DEFAULT_LANGUAGE or not known else code(code_, lang)


def step(value: str, lang: str = DEFAULT_LANGUAGE) -> str:
    """Return what a PROGRESS step means. One that a newer Central sent is shown as it is."""
    return worded(STEPS[value], lang) if value in STEPS else value


def weather(value: str, lang: str = DEFAULT_LANGUAGE) -> str:
    """Return what is wrong with the weather. What a newer source says is shown as it is."""
    return worded(WEATHER[value], lang) if value in WEATHER else value


def say(phrase: Phrase, lang: str = DEFAULT_LANGUAGE, **values: str) -> str:
    """Return the sentence with `values` filled in, such as cp_id="CP001"."""
    return worded(PHRASES[phrase], lang).format_map(values)


class Saying:
    """What is to be said, in the language of whoever prints it: parts that log know a name and facts, and no language.

    A fact may be another of them. As plain text it is English.
    """

    __slots__ = ("_in_words", "facts", "name")

    def __init__(
        self, name: str, facts: Mapping[str, object], in_words: Callable[[str, dict[str, object]], str]
    ) -> None:
        self.name = name
        self.facts = facts
        self._in_words = in_words

    def in_language(self, lang: str) -> str:
        """Return it in words."""
        facts = {
            name: value.in_language(lang) if isinstance(value, Saying) else value
            for name, value in self.facts.items()
        }
        return self._in_words(lang, facts)

    def __str__(self) -> str:
        return self.in_language(DEFAULT_LANGUAGE)


def phrase(of: Phrase, **values: str) -> Saying:
    """Return one of the sentences that more than one program says."""
    return Saying(of.value, values, lambda lang, _: say(of, lang, **values))


def meaning(code_: str, text: str) -> Saying:
    """Return what another program said: its sentence in English, what its code means in other languages."""
    return Saying(code_, {"text": text}, lambda lang, _: says(code_, text, lang))


def has_comma(lang: str) -> bool:
    """Return whether numbers have a decimal comma in `lang`: of those on pages, only English has a point."""
    return lang in PAGE_LANGUAGES and lang != DEFAULT_LANGUAGE


def figures(text: str, lang: str) -> str:
    """Return `text` with every amount that has a unit as `lang` writes it: "1234.5 kWh" is "1.234,5 kWh" in Spanish.

    What is written so already stays. Addresses, versions and what a program may read have no unit: they keep their
    points.
    """
    comma, here = has_comma(lang), currency()
    apart, point = _THOUSANDS.get(lang, "."), "," if comma else "."

    def parted(found: re.Match[str]) -> str:
        return (found[1] or "") + f"{int(found[2]):,}".replace(",", apart) + point + found[3][1:]

    text = _grouped(here.sign, first=here.sign_first(lang)).sub(parted, text)
    return _amount(here.sign).sub(r"\1,\2", text) if comma else text


def ungrouped(number: str) -> str:
    """Return a number out of an English sentence as other languages may write it anew; any other text as it is."""
    return number.replace(",", "") if _PARTED.fullmatch(number) else number


# What counts something in a sentence: the first of them that it has.
_COUNTS = ("count", "n", "events", "detail")


class Speech:
    """Says the sentences of one room (a module of this package) in one language.

    Of a sentence that counts, the one whose name ends in ", one" is said for 1.
    """

    def __init__(self, sentences: Mapping[str, Words], lang: str = DEFAULT_LANGUAGE) -> None:
        self._sentences = sentences
        self.lang = lang if lang in PAGE_LANGUAGES else DEFAULT_LANGUAGE

    def __call__(self, name: str, **values: object) -> str:
        """Return the sentence called `name` with `values` filled in."""
        counted = next((values[of] for of in _COUNTS if of in values), None)
        if (one := f"{name}, one") in self._sentences and counted in (1, "1"):
            name = one
        return filled(self._sentences[name], self.lang, values)

    def figures(self, text: str) -> str:
        """Return `text` with its amounts as its readers write them: "0.25 €" is "0,25 €" in Spanish."""
        return figures(text, self.lang)
