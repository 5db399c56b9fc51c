"""What `evcharge up` says of itself: a few lines while it starts, and at the end what one needs. Pure."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    "making state": ("Making the state folder {state}", "Creando la carpeta de estado {state}"),
    "port taken": (
        "Port {port} is taken: {who} gets {other}.",
        "El puerto {port} está ocupado: {who} usa {other}.",
    ),
    "starting points": ("Starting {count} charging points", "Arrancando {count} puntos de recarga"),
    "all available": (
        "All {count} charging points are Available; Central listens on {central}.",
        "Los {count} puntos de recarga están disponibles; Central escucha en {central}.",
    ),
    "starting points, one": ("Starting {count} charging point", "Arrancando {count} punto de recarga"),
    "all available, one": (
        "The charging point is Available; Central listens on {central}.",
        "El punto de recarga está disponible; Central escucha en {central}.",
    ),
    "weather starts": ("The weather service starts.", "Arranca el servicio del tiempo."),
    "weather simulated": (
        "The weather service starts: its weather is simulated.",
        "Arranca el servicio del tiempo, con tiempo simulado.",
    ),
    "driver asks": (
        "Driver {driver} asks for {points}. Its password is in {path}",
        "El conductor {driver} pide {points}. Su contraseña está en {path}",
    ),
    "all tickets": (
        "All {count} demo drivers have their tickets.",
        "Los {count} conductores de la demo tienen sus tiques.",
    ),
    "all tickets, one": (
        "The demo driver has all tickets.",
        "El conductor de la demo tiene sus tiques.",
    ),
    "no tickets": ("Without all of its tickets: {who}.", "Sin todos sus tiques: {who}."),
    "stopping": (
        "Stopping: drivers, charging points, Central, Registry.",
        "Deteniendo: conductores, puntos de recarga, Central, Registry.",
    ),
    "back soon": (
        "{obituary}; it starts again in {seconds} s.",
        "{obituary}; vuelve a arrancar en {seconds} s.",
    ),
    "ended": ("{who} ended with exit code {code}: {said}", "{who} terminó con código {code}: {said}"),
    "ended silent": (
        "{who} ended with exit code {code} without a word",
        "{who} terminó con código {code} sin decir nada",
    ),
    "killed": ("{who} was killed (signal {number})", "{who} fue terminado (señal {number})"),
    "did not stop": (
        "{who} did not stop within {seconds} s and had to be killed",
        "{who}: no hubo parada en {seconds} s y se terminó a la fuerza",
    ),
    # ---- what stands last, and stays
    "stands": (
        "The network is running; press Ctrl+C to stop it.",
        "La red está en marcha, hasta que pulse Ctrl+C.",
    ),
    "pages": ("Pages", "Páginas"),
    "one click": ("One click", "Con un clic"),
    "one click for": (
        "logs the administrator in, once, within the hour",
        "da acceso al administrador, una vez, en menos de una hora",
    ),
    "admin": ("Administrator", "Administrador"),
    "driver": ("Driver", "Conductor"),
    "login": ("{who}, password {password}", "{who}, contraseña {password}"),
    "login known": (
        "{who}, with the password that evcharge init showed",
        "{who}, con la contraseña que mostró evcharge init",
    ),
    "kept in": ("(kept in {path})", "(está en {path})"),
    "try": ("Try, in another terminal:", "Pruebe, en otro terminal:"),
    "try driver": ("a driver of your own: list, start, stop", "un conductor suyo: list, start, stop"),
    "try cps": ("every charging point as it is now", "cada punto de recarga, ahora"),
    "try out": ("out of order; resume brings it back", "fuera de servicio; resume lo devuelve"),
    "try kill": ("break it and look: it is back after {seconds} s", "rómpalo y mire: vuelve en {seconds} s"),
    "log": ("Every line of every part: {path}", "Todo lo que dice cada parte: {path}"),
    "log why": ("{path} says why", "{path} dice por qué"),
}
