"""What is told beyond the screens. Pure."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    "title out": ("{about} is out", "{about} no funciona"),
    "out": ("{about} ({location}) is {status}: {why}.", "{about} ({location}) está {status}: {why}."),
    "title back": ("{about} is back", "{about} funciona de nuevo"),
    "back": ("{about} ({location}) is {status} again.", "{about} ({location}) vuelve a estar {status}."),
    "title alert": ("Alert: {about}", "Aviso: {about}"),
    "alert": ("{text} (open for {minutes} min)", "{text} (abierto desde hace {minutes} min)"),
    "title restored": ("Solved: {about}", "Resuelto: {about}"),
    "restored": ("The alert about {about} is over.", "El aviso sobre {about} ha terminado."),
    "title full": ("Your car is full", "Su coche está cargado"),
    "full": (
        "{about}: battery full after {kwh} kWh, {euros} €. Please make room for the next one.",
        "{about}: batería llena tras {kwh} kWh, {euros} €. Deje sitio al siguiente, por favor.",
    ),
    "nowhere": ("nowhere", "sin lugar"),
}
