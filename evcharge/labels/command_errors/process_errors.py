"""What keeps a process from starting, or ends it, in both languages. Pure."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    "port": (
        "cannot listen on {place}: {why}. Is another one running here? Choose another port.",
        "no se puede escuchar en {place}: {why}. ¿Hay otro en marcha aquí? Elija otro puerto.",
    ),
    "mistake": (
        "stopped by an error in the program itself ({why}). Please report it; --log-level debug shows more.",
        "parado por un error del propio programa ({why}). Comuníquelo, por favor; --log-level debug muestra más.",
    ),
    "clock": (
        "this computer's clock is wrong (before 1970, or after 2199): set it, and start again.",
        "el reloj de este equipo va mal (antes de 1970, o después de 2199): póngalo en hora y empiece de nuevo.",
    ),
}
