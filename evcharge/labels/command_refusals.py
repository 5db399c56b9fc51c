"""Why Central refused a command of an operator or of a peer, in both languages: `domain/errors.CommandRefused`. Pure.

Why a request to charge was refused is in `labels/refusals`.
"""

from collections.abc import Mapping

from evcharge import labels
from evcharge.domain.billing import euros
from evcharge.domain.errors import CommandRefused, EvchargeError
from evcharge.labels import Speech, Words

SENTENCES: Mapping[str, Words] = {
    # ---- ids, and who speaks for them
    "unknown driver": (
        "driver {driver_id} is unknown here",
        "aquí no se conoce al conductor {driver_id}",
    ),
    "unknown point": ("{cp_id} does not exist", "{cp_id} no existe"),
    "unknown subject": ("{subject} is unknown here", "aquí no se conoce a {subject}"),
    "id of a driver": (
        "{cp_id} is a driver here, and an id keeps its kind",
        "{cp_id} es aquí un conductor, y un identificador no cambia de tipo",
    ),
    "id of a point": (
        "{driver_id} is a charging point here, and an id keeps its kind",
        "{driver_id} es aquí un punto de recarga, y un identificador no cambia de tipo",
    ),
    "not settled": (
        "the last charge of the previous owner of {driver_id} is not settled yet: try again later",
        "la última recarga de quien antes era {driver_id} aún no está liquidada: pruebe más tarde",
    ),
    "revoked": (
        "the keys of {who} were revoked; it needs a new registration",
        "las claves de {who} se revocaron; tiene que registrarse de nuevo",
    ),
    "superseded": (
        "{who} speaks over another connection now",
        "{who} habla ahora por otra conexión",
    ),
    # ---- sessions
    "not open": ("{session_id} is not an open session", "{session_id} no es una sesión abierta"),
    "engine there": (
        "the engine of {cp_id} is connected and will report the end itself: stop the charge instead",
        "el motor de {cp_id} está conectado y él mismo dice cómo terminó una recarga: pare la recarga",
    ),
    "not there": ("{cp_id} has no session {session_id}", "{cp_id} no tiene ninguna sesión {session_id}"),
    "say which": (
        "Your charges at {points} run: say which.",
        "Tiene recargas en curso en {points}: diga cuál.",
    ),
    "nothing charging": (
        "No such session: nothing of yours is charging.",
        "No existe esa sesión: ninguna recarga suya está en curso.",
    ),
    "another journal": ("{cp_id} now keeps another journal", "{cp_id} lleva ahora otro diario"),
    # ---- a start at the charging point
    "no question": (
        "There is no such question, or it is over.",
        "No existe esa pregunta, o ya ha terminado.",
    ),
    "typed nowhere": (
        "nobody typed {driver_id} at a charging point",
        "{driver_id} no se escribió en ningún punto de recarga",
    ),
    "pin limit": (
        "A charge with a PIN may cost from 0.01 to {most} €.",
        "Una recarga con PIN puede costar de 0.01 a {most} €.",
    ),
    # ---- money
    "top-up of nothing": (
        "a top-up must be more than 0.00 €",
        "un ingreso debe ser de más de 0.00 €",
    ),
    "wallet full": ("a wallet holds at most {most} €", "en un monedero caben {most} € como mucho"),
    "price": ("a price is from 0 to 100 €/kWh", "un precio va de 0 a 100 €/kWh"),
    "nothing corrected": (
        "a correction of 0.00 € corrects nothing",
        "una corrección de 0.00 € no corrige nada",
    ),
    "session of another": (
        "{session_id} is no session of {driver_id}",
        "{session_id} no es una sesión de {driver_id}",
    ),
    "nothing billed": (
        "{session_id} has no ticket: nothing was billed",
        "{session_id} no tiene tique: no se cobró nada",
    ),
    "more than it cost": (
        "{session_id} costs {costs} €: that is the most to give back",
        "{session_id} cuesta {costs} €: más no se puede devolver",
    ),
    "not ended": (
        "{session_id} has not ended: its ticket comes first",
        "{session_id} no ha terminado: antes tiene que tener su tique",
    ),
    "unknown session": ("there is no session {session_id}", "no hay ninguna sesión {session_id}"),
    "unknown registration": (
        "{driver_id} had no registration {registration}",
        "{driver_id} no tuvo ningún registro {registration}",
    ),
    "too little": (
        "the wallet of {driver_id} has {free} € free",
        "el monedero de {driver_id} tiene {free} € libres",
    ),
    "too little, held": (
        "the wallet of {driver_id} has {free} € free; {held} € are held for a charge",
        "el monedero de {driver_id} tiene {free} € libres; {held} € están retenidos para una recarga",
    ),
    "no ticket": (
        "{session_id} has no ticket to correct",
        "{session_id} no tiene ningún tique que corregir",
    ),
    "less than nothing": (
        "{session_id}: a ticket cannot go below zero",
        "{session_id}: un tique no puede quedar por debajo de cero",
    ),
    # ---- the weather
    "no such place": (
        "No charging point is in {location}: is it spelt so?",
        "No hay ningún punto de recarga en {location}: ¿se escribe así?",
    ),
    "too many places": (
        "No charging point is in {location}, and too many such places are known.",
        "No hay ningún punto de recarga en {location}, y ya se conocen demasiados lugares así.",
    ),
    "no weather alert": (
        "There is no weather alert in {location} to override.",
        "No hay ninguna alerta meteorológica en {location} que anular.",
    ),
    # ---- orders from Kafka
    "old order": (
        "the order is {age_s} s old, and good for {valid_s} s: give it again",
        "la orden tiene {age_s} s y vale durante {valid_s} s: dela de nuevo",
    ),
    "early order": (
        "the order comes from {ahead_s} s in the future: set the clock of that computer",
        "la orden viene de {ahead_s} s en el futuro: ponga en hora ese ordenador",
    ),
}


def refusal(why: str, facts: Mapping[str, object], lang: str = labels.DEFAULT_LANGUAGE) -> str:
    """Return the sentence called `why`, money in euros; "" for one that is not known here."""
    if why not in SENTENCES:
        return ""
    sums = {
        name.removesuffix("_cents"): euros(value)
        for name, value in facts.items()
        if name.endswith("_cents") and isinstance(value, int)
    }
    return Speech(SENTENCES, lang)(why, **facts, **sums)


def in_words(problem: EvchargeError, lang: str = labels.DEFAULT_LANGUAGE) -> str:
    """Return what to tell people of `problem`: a sentence that is English only gives way to what its code means."""
    if isinstance(problem, CommandRefused):
        return refusal(problem.why, problem.facts, lang)
    return labels.says(problem.code, problem.text, lang)
