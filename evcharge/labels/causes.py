"""Causes as they travel and are stored, in English, for screens in other languages. Pure.

A monitor names a fault, Central the end of a link: whoever reads it elsewhere may speak another language.
"""

import re
import string
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

from evcharge.domain.session import EndReason
from evcharge.labels import (
    DEFAULT_LANGUAGE,
    LANGUAGES,
    PAGE_LANGUAGES,
    REASONS,
    Saying,
    Words,
    central,
    command_refusals,
    failures,
    point,
    weather_service,
    worded,
)

# What the weather service says of its source: what concerns all of it, and what a simulation is called.
_OF_SOURCES = (
    "silent",
    "key refused, in short",
    "too many questions",
    "status",
    "redirected",
    "nonsense",
    "too big",
    "other units",
    "bad file",
    "simulated",
)
# What a monitor says of its engine, in the words of its own room.
_OF_MONITORS = ("nothing answers", "hung up", "engine silent", "engine fault", "wrong engine", "not proved")

# What a driver hears of an engine that its monitor does not reach, and of what only the workshop can make use of.
_OF_LOST_ENGINES = ("nothing answers", "hung up")
_FOR_WORKSHOPS = ("wrong engine", "not proved", "journal damaged")

_OR = failures.SENTENCES["or"]
# What may have blanks in it.
_LONG = frozenset({"why", "fault", "file", "source", "kinds"})

SENTENCES: Mapping[str, Words] = {
    "another leads": ("another Central leads", "dirige otra Central"),
    "took over": (
        "another Central has taken these books over",
        "otra Central se ha hecho cargo de estos libros",
    ),
    "database away": ("the database cannot be reached", "no se llega a la base de datos"),
    # ---- faults of a charging point
    **{name: point.SENTENCES[name] for name in _OF_MONITORS},
    # ---- what is wrong with a source of weather
    **{f"source, {name}": weather_service.SENTENCES[name] for name in _OF_SOURCES},
    "fault": REASONS[EndReason.FAULT],
    "broken": ("broken (KO)", "averiado (KO)"),
    "journal full": ("journal full", "diario lleno"),
    "journal damaged": (
        "journal damaged at byte {at}, moved to {aside}",
        "diario dañado en el byte {at}, movido a {aside}",
    ),
    "simulated": ("simulated at the monitor", "simulada en el monitor"),
    "no link": ("no link to Central", "sin conexión con la Central"),
    "ended for a fault": (
        "its engine ended a charge for a fault",
        "su motor terminó una recarga por una avería",
    ),
    "new journal": ("new journal not confirmed", "diario nuevo sin confirmar"),
    "why journal": central.SENTENCES["why journal"],
    "not heard": ("its monitor is not heard", "su monitor no responde"),
    "not back": ("not heard since Central started", "sin noticias desde que arrancó la Central"),
    # ---- why a ticket was corrected
    "rest told": ("its charging point told the rest", "su punto de recarga contó el resto"),
    # ---- why a record of a journal was set aside
    "given up": (
        "began after it was given up; its money cannot be held again",
        "empezó después de darse por perdida; su dinero ya no puede reservarse",
    ),
    "record": ("{seq}: {why}", "{seq}: {why}"),
    "unknown session": ("unknown or closed session", "sesión desconocida o cerrada"),
    "other point": ("session of another charging point", "sesión de otro punto de recarga"),
    "backwards": ("meter goes backwards", "el contador va hacia atrás"),
    "final below": (
        "final meter is below an earlier one",
        "el contador final está por debajo de uno anterior",
    ),
    "above limit": (
        "more energy than was allowed; billed to the limit",
        "más energía de la permitida; se factura hasta el límite",
    ),
    "not possible": (
        "more energy than its power and time allow; billed to what they do",
        "más energía de la que permiten su potencia y su tiempo; se factura lo que permiten",
    ),
    "billed less": (
        "more energy than is believed; the rest was not billed",
        "más energía de la que se cree; el resto no se ha facturado",
    ),
    "not then": ("began at a time that cannot be", "empezó a una hora imposible"),
    "not so long": ("lasts longer than its session", "dura más que su sesión"),
    "register moved": (
        "the register is not where the last charge left it",
        "el contador no está donde lo dejó la última recarga",
    ),
    "no start": ("ended without a start", "terminó sin haber empezado"),
    "misfit": (
        "does not fit a session that is {state}",
        "no encaja en una sesión en estado {state}",
    ),
    # ---- who did something at the Registry
    "enrolment token": ("enrolment token", "el token de alta"),
    "invited by": ("invited by {who}", "invitado por {who}"),
    # ---- how an audit log is broken
    "row gone": ("row {n} is missing or out of its place", "falta la fila {n}, o no está en su sitio"),
    "row never written": (
        "row {n} holds a value that was never written",
        "la fila {n} tiene un valor que nunca se escribió",
    ),
    "row changed": (
        "row {n} was changed, or the row before it was replaced",
        "se cambió la fila {n}, o se sustituyó la anterior",
    ),
    "rows cut off": ("rows {first} to {last} were cut off", "se cortaron las filas {first} a {last}"),
    "row not written": (
        "row {n} is not the one that was written",
        "la fila {n} no es la que se escribió",
    ),
    # ---- why a link to Central ended
    "goodbye": ("it said goodbye", "se despidió"),
    "peer goodbye": ("{peer} said goodbye", "{peer} se despidió"),
    "service silent": (
        "the weather service was not heard for {s} s",
        "el servicio del clima no respondió durante {s} s",
    ),
    "bad certificate": ("its certificate is not valid", "su certificado no es válido"),
    "not our certificate": (
        "its certificate is not from our CA, or does not name this host",
        "su certificado no es de nuestra CA, o no nombra este equipo",
    ),
    "certificate not now": (
        "its certificate is not valid now: compare the clocks, or make a new one with evcharge init --renew",
        "su certificado no es válido ahora: compare los relojes, o haga uno nuevo con evcharge init --renew",
    ),
    "not proved to be Central": (
        "what answers does not prove who it is: another program, or an older Central",
        "lo que responde no demuestra quién es: otro programa, o una Central más antigua",
    ),
    "other service key": (
        "the service.key here is not the Registry's: copy it from there and start Central again",
        "la service.key de aquí no es la del Registry: cópiela de allí y reinicie Central",
    ),
    "wrong credential": (
        "a wrong credential was shown to the Registry",
        "se mostró al Registry una credencial incorrecta",
    ),
    "other ticket key": (
        "the ticket was not made under a key that is known here",
        "el tique no se hizo con una clave que se conozca aquí",
    ),
    "http status": ("it answered with HTTP status {status}", "respondió con el estado HTTP {status}"),
    "mail address": ("the mail server refuses the address", "el servidor de correo no acepta la dirección"),
    "mail answer": ("the mail server answered with {status}", "el servidor de correo respondió {status}"),
    "mail login": (
        "the mail server refuses user or password",
        "el servidor de correo no acepta el usuario o la contraseña",
    ),
    "mail odd": (
        "the mail server does not do what is asked",
        "el servidor de correo no hace lo que se le pide",
    ),
    "no registry": ("it does not answer like a Registry", "no responde como un Registry"),
    "service stopped": ("the weather service was stopped", "se paró el servicio del clima"),
    "silent": ("silent for {s} s", "sin señales durante {s} s"),
    "says not what became": (
        "not a word for {s} s on what became of {session}",
        "ni una palabra en {s} s sobre qué fue de {session}",
    ),
    "slow": (
        "too slow: it does not read what it is sent",
        "demasiado lento: no lee lo que se le envía",
    ),
    "other link": (
        "silent while another connection of it arrived",
        "en silencio mientras llegaba otra conexión suya",
    ),
    "too fast": (
        "more messages than Central takes, without end",
        "más mensajes de los que admite la Central, sin fin",
    ),
    "useless": ("too much that comes to nothing", "demasiado que no lleva a nada"),
    "too many logins": ("too many logins", "demasiados accesos"),
    "too many journals": ("too many new journals", "demasiados diarios nuevos"),
    "banned": (
        "not heard for a minute: it sent too much",
        "sin atender durante un minuto: envió demasiado",
    ),
    "revoked": ("its keys were revoked", "se revocaron sus claves"),
    "stopped": ("Central stopped", "la Central se paró"),
    "ended": ("the connection to {peer} ended", "terminó la conexión con {peer}"),
    "ended, half": (
        "the connection to {peer} ended in the middle of a frame",
        "la conexión con {peer} terminó en mitad de una trama",
    ),
    "ended, why": ("the connection to {peer} ended: {why}", "terminó la conexión con {peer}: {why}"),
    # ---- what was not understood, or came twice
    "twice": (
        (
            "{id} ({role}) is already connected from {there}; this is {here}. Stop one of the two, or give "
            "this one a credential of its own"
        ),
        (
            "{id} ({role}) ya está conectado desde {there}; este es {here}. Pare uno de los dos, o dé a "
            "este una credencial propia"
        ),
    ),
    "frame size": (
        "a frame of {n} bytes; allowed are 1 to {most}",
        "una trama de {n} bytes; se admiten de 1 a {most}",
    ),
    "frame order": (
        "frame {n} came where {due} was due",
        "llegó la trama {n} donde tocaba la {due}",
    ),
    "frame key": (
        "a frame does not open under the key of this connection",
        "una trama no se abre con la clave de esta conexión",
    ),
    "frame without JSON": (
        "the frame holds no JSON message",
        "la trama no contiene ningún mensaje JSON",
    ),
    "frame due": (
        "a {kind} frame was due",
        "tocaba una trama {kind}",
    ),
    "bad message": (
        "bad message: {why}",
        "mensaje incorrecto: {why}",
    ),
    "HTTP here": (
        "HTTP on the charging port? This port speaks EVC1; the web pages are on another port",
        "¿HTTP en el puerto de recarga? Este puerto habla EVC1; las páginas están en otro puerto",
    ),
    "TLS here": (
        "TLS on the charging port? TLS is not switched on here",
        "¿TLS en el puerto de recarga? Aquí no se usa TLS",
    ),
    "key of ticket": (
        "the peer does not know the key of its ticket",
        "el otro extremo no conoce la clave de su tique",
    ),
    "public key": (
        "the peer's public key is not usable",
        "la clave pública del otro extremo no sirve",
    ),
    "no SYNC": (
        "an engine must say SYNC first",
        "un motor debe decir SYNC primero",
    ),
    "second SYNC": (
        "a second SYNC on one connection",
        "un segundo SYNC en una conexión",
    ),
    "too many figures": (
        "more figures than Central takes",
        "más cifras de las que admite la Central",
    ),
    "figures' key": (
        "figures in Kafka do not open under the key of its connection",
        "las cifras en Kafka no se abren con la clave de su conexión",
    ),
    "order's key": (
        "an order does not open under the key of the operator's token",
        "una orden no se abre con la clave del token del operador",
    ),
    "order repeated": (
        "an order for {cp_id} was repeated",
        "se repitió una orden para {cp_id}",
    ),
    "key again": (
        "key {n} came after key {old}",
        "llegó la clave {n} tras la clave {old}",
    ),
    "key unasked": (
        "nobody asked for key {n}",
        "nadie pidió la clave {n}",
    ),
    "may not send": (
        "a {role} may not send {message}",
        "un {role} no puede enviar {message}",
    ),
    "not strict": (
        "the frame holds no strict JSON object",
        "la trama no contiene ningún objeto JSON estricto",
    ),
    # ---- why a rule refused a command
    **{f"refused, {name}": words for name, words in command_refusals.SENTENCES.items()},
    # ---- why nothing can be stored
    "disk full": central.SENTENCES["disk full"],
    "cannot store": central.SENTENCES["cannot store"],
    # ---- why something failed
    **failures.SENTENCES,
    # ---- what older releases stored
    "reset": ("[Errno 104] Connection reset by peer", "el otro extremo la cortó"),
}


def cause(text: str, lang: str = DEFAULT_LANGUAGE) -> str:
    """Return a cause in words of `lang`; what is not known here stays as it is."""
    if lang == DEFAULT_LANGUAGE or lang not in PAGE_LANGUAGES:
        return text
    for name, pattern in _patterns():
        if found := pattern.fullmatch(text):
            values = {key: _inner(value, lang) for key, value in found.groupdict().items()}
            return worded(SENTENCES[name], lang).format_map(values)
    return text


def for_drivers(fault: str) -> str:
    """Return a fault as a driver hears it, in English: without the addresses and paths with which others mend it."""
    for name, pattern in _patterns():
        if pattern.fullmatch(fault):
            if name in _OF_LOST_ENGINES:
                return SENTENCES["engine silent"][0]
            return SENTENCES["fault"][0] if name in _FOR_WORKSHOPS else fault
    return fault


@lru_cache(maxsize=1000)
def in_other_words(text: str, lang: str) -> Mapping[str, str]:
    """Return a cause in Spanish and in `lang`, by language; without those that have no words of their own for it."""
    said = {one: cause(text, one) for one in dict.fromkeys((*LANGUAGES, lang))}
    return {one: words for one, words in said.items() if words != text}


def beside(texts: Iterable[str], lang: str) -> dict[str, Mapping[str, str]]:
    """Return `in_other_words` of each text that has any, by text."""
    return {text: words for text in sorted(set(texts)) if text and (words := in_other_words(text, lang))}


def because(text: str) -> Saying:
    """Return a cause for a line of a log, which is said in the language of that log."""
    return Saying("cause", {"text": text}, lambda lang, _: cause(text, lang))


def _inner(value: str, lang: str) -> str:
    # "(connection refused)", with the blank before it, is a part of its own.
    if value.startswith(" (") and value.endswith(")"):
        return f" ({cause(value[2:-1], lang)})"
    if " or " in value:
        # Of a field of JSON: what it may be.
        return f" {worded(_OR, lang)} ".join(cause(part, lang) for part in value.split(" or "))
    return cause(value, lang)


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Return the English sentences as patterns, those with the most words of their own first."""
    ordered = sorted(SENTENCES, key=lambda name: -len(re.sub(r"\{.*?\}", "", SENTENCES[name][0])))
    return [(name, _pattern(SENTENCES[name][0])) for name in ordered]


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = []
    for literal, field, _, _ in string.Formatter().parse(sentence):
        parts.append(re.escape(literal))
        if field is not None:
            parts.append(rf"(?P<{field}>.*)" if field in _LONG else rf"(?P<{field}>\S*)")
    return re.compile("".join(parts))
