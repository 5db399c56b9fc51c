"""What is wrong with Central's or the Registry's database, in both languages. Pure."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    "full": (
        "{path}: the disk is full. Free some space; nothing stored is lost.",
        "{path}: el disco está lleno. Libere espacio; no se pierde nada de lo guardado.",
    ),
    "held": (
        "{path} is held by another program. Close it and start again.",
        "otro programa está usando {path}. Ciérrelo y empiece de nuevo.",
    ),
    "in use": (
        "{path} is in use by another evcharge (pid {pid}). Stop it first, or choose another --state folder.",
        "otro evcharge (pid {pid}) usa {path}. Párelo antes, o elija otra carpeta con --state.",
    ),
    "damaged": (
        (
            "{path} is damaged. Move it aside and put the latest backup in its place; the engines send again what it "
            "lacks."
        ),
        "{path} está dañado. Apártelo y ponga en su lugar la última copia; los motores reenvían lo que le falte.",
    ),
    "newer": (
        (
            "{path} has schema {have}, written by a newer evcharge; this one knows {known}. Update evcharge, or put "
            "back the backup of before the upgrade (evcharge restore)."
        ),
        (
            "{path} tiene el esquema {have}, de un evcharge más nuevo; este conoce el {known}. Actualice evcharge o "
            "recupere la copia de seguridad anterior a la actualización (evcharge restore)."
        ),
    ),
    "another currency": (
        (
            "the books of this network count in {before}, and `[central] currency` is {code}: nobody converts what is "
            'in them. Set it to "{same}", or begin a new network with another --state folder.'
        ),
        (
            "los libros de esta red cuentan en {before}, y `[central] currency` es {code}: nadie convierte lo que hay "
            "en ellos. Ponga «{same}», o empiece otra red con otra carpeta --state."
        ),
    ),
    "restoring": (
        "{path} is being restored, and that was interrupted: start again to finish it.",
        "{path} se está restaurando, y eso se interrumpió: empiece de nuevo para terminarlo.",
    ),
    "no note": (
        "{path} is not what evcharge wrote: restore the backup again.",
        "{path} no lo escribió evcharge: restaure la copia de nuevo.",
    ),
    "check disk": ("{path}: {why}. Check the disk.", "{path}: {why}. Revise el disco."),
    "no books": (
        "{path} holds neither central.db nor registry.db: is it the right --state folder?",
        "{path} no contiene central.db ni registry.db: ¿es la carpeta --state correcta?",
    ),
    "not there": (
        "{path} is not there: is it the right --state folder?",
        "{path} no está: ¿es la carpeta --state correcta?",
    ),
    "other schema": (
        (
            "{path} has schema {have}, and this evcharge reads {newest}: start its Central once, or use the evcharge "
            "that wrote it."
        ),
        (
            "{path} tiene el esquema {have}, y este evcharge lee el {newest}: arranque su Central una vez, o use el "
            "evcharge que lo escribió."
        ),
    ),
    "no anchors": (
        "{path} cannot be read: is it a text file of anchors?",
        "no se puede leer {path}: ¿es un fichero de texto con anclas?",
    ),
    "books fail": (
        (
            "Central's books cannot be written ({why}): check the disk, then start Central again. Nothing that was "
            "confirmed is lost; the engines send the rest again."
        ),
        (
            "No se pueden escribir los libros de la Central ({why}): revise el disco y vuelva a arrancar la Central. "
            "No se pierde nada de lo confirmado; los motores reenvían el resto."
        ),
    ),
    "no rule": ("the database did not do it", "la base de datos no lo hizo"),
    "store rule": ("it breaks a rule of the database", "incumple una regla de la base de datos"),
    "store away": ("the database cannot be reached", "no se llega a la base de datos"),
    "store deposed": (
        "another Central has taken these books over",
        "otra Central se ha hecho cargo de estos libros",
    ),
    "store in doubt": (
        "what was in doubt had been stored after all",
        "lo que estaba en duda sí se había guardado",
    ),
    "store stale": (
        "another Central has changed it meanwhile",
        "otra Central lo ha cambiado mientras tanto",
    ),
    "store full": ("the disk is full", "el disco está lleno"),
    "store busy": ("another program holds the database", "otro programa está usando la base de datos"),
    "store shut": (
        "the database may not be opened or written by us",
        "no podemos abrir la base de datos o escribir en ella",
    ),
    "store broken": (
        "the disk failed in the middle of a write",
        "el disco falló en mitad de una escritura",
    ),
    "store damaged": ("the database is damaged", "la base de datos está dañada"),
}
