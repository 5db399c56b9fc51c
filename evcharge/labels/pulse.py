"""What `evcharge health` says."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    "well": ("{who}: it runs and is well.", "{who}: está en marcha y bien."),
    "unwell": ("{who}: it runs, but: {why}", "{who}: está en marcha, pero: {why}"),
    "silent": (
        (
            "{who}: it does not answer within {seconds} s. It hangs, or this computer has too much to do: look at "
            "its log, and start it again if this goes on."
        ),
        (
            "{who}: no responde en {seconds} s. Está colgado o este ordenador tiene demasiado trabajo: mire su "
            "registro y arránquelo de nuevo si sigue así."
        ),
    ),
    "dead": (
        "{who}: it was killed, and has not been started again. Start it.",
        "{who}: lo mataron y no ha vuelto a arrancar. Arránquelo.",
    ),
    "absent": ("{who}: it does not run here. Start it.", "{who}: no está en marcha aquí. Arránquelo."),
    "nobody": (
        (
            "No evcharge process runs with {folder}. Start one, or name the state folder of a running one: --state DIR."
        ),
        (
            "Nada de evcharge está en marcha con {folder}. Arranque algo o nombre la carpeta de estado de lo que "
            "está en marcha: --state DIR."
        ),
    ),
}
