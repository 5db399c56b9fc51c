"""Why a start at a charging point's menu was not confirmed by its driver: `reason` in words. Pure."""

from collections.abc import Mapping

from evcharge.labels import DEFAULT_LANGUAGE, Speech, Words, says

SENTENCES: Mapping[str, Words] = {
    "nobody": (
        "{driver_id} is not connected: open its app or its page to confirm, or type its PIN.",
        "{driver_id} no está conectado: abra su aplicación o su página para confirmar, o escriba su PIN.",
    ),
    "old app": (
        "The app of {driver_id} is too old to confirm: open its page, or type its PIN.",
        "La aplicación de {driver_id} es demasiado antigua para confirmar: abra su página o escriba su PIN.",
    ),
    "asked elsewhere": (
        "{driver_id} is being asked by another charging point.",
        "Otro punto de recarga está preguntando a {driver_id}.",
    ),
    "wrong pin": (
        "The PIN is wrong, or {driver_id} has none.",
        "El PIN es incorrecto, o {driver_id} no tiene ninguno.",
    ),
    "no": ("{driver_id} said no.", "{driver_id} dijo que no."),
    "late": ("{driver_id} did not confirm in time.", "{driver_id} no lo confirmó a tiempo."),
    "another driver": ("{cp_id} asked for another driver.", "{cp_id} preguntó por otro conductor."),
    "new price": (
        "The price of {cp_id} has changed: start again.",
        "El precio de {cp_id} ha cambiado: empiece de nuevo.",
    ),
}


def why(code: str, text: str, reason: str, lang: str, *, driver_id: str, cp_id: str) -> str:
    """Return why nothing was started: Central's own sentence, which is English, or what its terms mean."""
    if lang != DEFAULT_LANGUAGE and reason in SENTENCES:
        return Speech(SENTENCES, lang)(reason, driver_id=driver_id, cp_id=cp_id)
    return says(code, text, lang)
