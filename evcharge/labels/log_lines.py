"""Lines of the log that parts without a language write, in both languages: found by the English line. Pure.

These parts stand below the words, or serve every program. Central's own say a name and facts (`labels/central`).
"""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    # ---- ports and sockets
    "no health socket": (
        "no health socket at {path}, so evcharge health misses this process: {why}",
        "no hay conector de salud en {path}, así que evcharge health no ve este proceso: {why}",
    ),
    "seats taken": (
        "{range}: more connections than seats for those who do not log in; sent away so far: {count}",
        "{range}: hay más conexiones que plazas para quien no se identifica; rechazadas hasta ahora: {count}",
    ),
    "cannot accept": (
        "{range}: cannot accept connections: {why}. This process needs a higher limit of open files (ulimit -n).",
        (
            "{range}: no se pueden aceptar conexiones: {why}. Este proceso necesita un límite mayor de ficheros "
            "abiertos (ulimit -n)."
        ),
    ),
    "connection failed": (
        "{range}: the connection of {host} failed",
        "{range}: falló la conexión de {host}",
    ),
    "few files": (
        "only {count} files may be open here: raise the limit (ulimit -n)",
        "aquí solo puede haber {count} ficheros abiertos: suba el límite (ulimit -n)",
    ),
    # ---- several Centrals on one database
    "database away": (
        "{place}: {why}; standing by until it is back.",
        "{place}: {why}; a la espera hasta que vuelva.",
    ),
    "database awaited": (
        "{why} Trying again until it can be used.",
        "{why} Se sigue intentando hasta que se pueda usar.",
    ),
    "database there": ("The database can be used now.", "Ya se puede usar la base de datos."),
    "database back": ("{place} can be reached again.", "{place} vuelve a estar accesible."),
    "clock off": (
        (
            "the clock of this computer is {seconds} s from that of {place}: set it right, as the books get their "
            "times from it"
        ),
        (
            "el reloj de este equipo está a {seconds} s del de {place}: póngalo en hora, pues de él toman los libros "
            "sus horas"
        ),
    ),
    "lease not kept": ("the lease is not kept: {why}", "no se mantiene el mando: {why}"),
    # ---- HTTP
    "request failed": ("{method} failed", "falló {method}"),
    "not stored": ("cannot store: {why}", "no se puede guardar: {why}"),
    "registered it": (
        "{id} was not registered; registered it at the Registry.",
        "{id} no estaba registrado; se ha registrado en el Registry.",
    ),
    # ---- peers
    "conversation failed": ("the conversation with {shown} failed", "falló la conversación con {shown}"),
    "not noted": (
        "could not note that {address} was refused",
        "no se pudo anotar que se rechazó {address}",
    ),
    "no kept tickets": (
        "{why}; going on without kept tickets",
        "{why}; se sigue sin tiques de acceso guardados",
    ),
    "holds no tickets": ("{path} holds no tickets", "{path} no contiene tiques de acceso"),
    "not renewed": (
        "the ticket cannot be renewed: {why}",
        "ahora no se puede renovar el tique de acceso: {why}",
    ),
    "no anchor": (
        "cannot anchor the audit log in {path}: {why}",
        "no se puede anclar el registro de auditoría en {path}: {why}",
    ),
    # ---- the journal of a charging point
    "new file": (
        "journal: went on in a new file after record {n}, {mwh} mWh",
        "diario: sigue en un fichero nuevo tras el registro {n}, {mwh} mWh",
    ),
    "cut short": (
        "journal: a write cut short at byte {n} was cut off",
        "diario: se recortó una escritura incompleta en el byte {n}",
    ),
    "damaged": (
        "journal damaged at byte {n}, moved to {path}",
        "diario dañado en el byte {n}; se ha movido a {path}",
    ),
    "goes on": (
        "journal damaged at byte {n}, moved to {path}; a new one goes on from {mwh} mWh",
        "diario dañado en el byte {n}, movido a {path}; uno nuevo sigue desde {mwh} mWh",
    ),
    "health port": ("health port: {why}", "puerto de salud: {why}"),
}
