"""What `evcharge fleet` says."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    "title": ("{points} charging points, {seconds:.0f} s", "{points} puntos de recarga, {seconds:.0f} s"),
    "going": ("{up} connected, {charging} charging", "{up} conectados, {charging} cargando"),
    "what": ("what", "qué"),
    "figure": ("figure", "cifra"),
    "up": ("connected at the end", "conectados al final"),
    "logins": ("logins", "conexiones"),
    "login p50": ("a login takes, half of them at most (ms)", "una conexión tarda, la mitad como mucho (ms)"),
    "login p99": ("a login takes, 99 of 100 at most (ms)", "una conexión tarda, 99 de 100 como mucho (ms)"),
    "lost": ("links lost, and logins that failed", "enlaces perdidos y conexiones fallidas"),
    "starts": ("charges started", "recargas iniciadas"),
    "start p50": (
        "from the request to START, half of them at most (ms)",
        "de la petición a START, la mitad como mucho (ms)",
    ),
    "start p99": (
        "from the request to START, 99 of 100 at most (ms)",
        "de la petición a START, 99 de 100 como mucho (ms)",
    ),
    "refused": ("requests refused: {code}", "peticiones rechazadas: {code}"),
    "tickets": ("tickets", "tiques"),
    "energy": ("energy (kWh)", "energía (kWh)"),
    "cost": ("cost (€)", "coste (€)"),
}
