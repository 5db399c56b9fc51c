"""What is wrong with a file or folder of the state folder, in both languages. Pure."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    "unusable": ("cannot use {path}: {why}", "no se puede usar {path}: {why}"),
    "unread": ("cannot read {path}: {why}", "no se puede leer {path}: {why}"),
    "unwritten": ("cannot write {path}: {why}", "no se puede escribir {path}: {why}"),
    "unwritten there": ("{path} cannot be written: {why}", "no se puede escribir {path}: {why}"),
    "unread there": ("{path} cannot be read: {why}", "no se puede leer {path}: {why}"),
    "no room": ("{why}. Free some space, and try again.", "{why}. Libere espacio y pruebe de nuevo."),
    "remove": ("{why}. Remove what is there.", "{why}. Quite lo que hay ahí."),
    "no folder": (
        "{why}. Remove it, or choose another folder with --state.",
        "{why}. Quítelo o elija otra carpeta con --state.",
    ),
    "owner": (
        "{why}. Check who owns the folder, or choose another one with --state.",
        "{why}. Mire de quién es la carpeta o elija otra con --state.",
    ),
    "why": ("{why}.", "{why}."),
    "permissions": (
        "check the folder's owner and permissions.",
        "mire el dueño y los permisos de la carpeta.",
    ),
    "missing": (
        "{path} is missing: put it back from a backup. Only if there is none: evcharge init makes a new one.",
        "falta {path}: recupérelo de una copia. Solo si no hay ninguna: evcharge init hace uno nuevo.",
    ),
    "missing here": (
        (
            "{path} is missing: name the state folder of the network with --state DIR, or copy the file from the PC "
            "where evcharge init ran."
        ),
        (
            "falta {path}: indique la carpeta de estado de la red con --state DIR o copie el fichero del PC donde se "
            "ejecutó evcharge init."
        ),
    ),
    "dead link": (
        "{path} is a link to a file that is not there: mount it, or fix the link.",
        "{path} es un enlace a un fichero que no está: móntelo o arregle el enlace.",
    ),
    "no secret": (
        "{path} does not contain a secret that evcharge wrote. Put the right file there.",
        "{path} no contiene un secreto escrito por evcharge. Ponga ahí el fichero correcto.",
    ),
    "plain file": ("{path} must be a plain file.", "{path} debe ser un fichero normal."),
    "mode": (
        "{name} must be mode 0600 (for its owner only) and is {mode}: run chmod 600 {path}",
        "{name} debe tener el modo 0600 (solo para su dueño) y tiene {mode}: ejecute chmod 600 {path}",
    ),
    "chown": (
        "{name} must belong to the user who runs evcharge: run chown {uid} {path}",
        "{name} debe ser del usuario que ejecuta evcharge: ejecute chown {uid} {path}",
    ),
    "keys": (
        (
            "{path} must contain one key of 44 characters, or two on separate lines (the new one first). Copy it "
            "again from the PC where evcharge init ran."
        ),
        (
            "{path} debe contener una clave de 44 caracteres, o dos en líneas separadas (la nueva primero). Cópielo de "
            "nuevo del PC donde se ejecutó evcharge init."
        ),
    ),
    "no token": (
        "{variable} does not contain a token: set it again, on one line, or unset it.",
        "{variable} no contiene ningún token: póngala de nuevo, en una línea, o quítela.",
    ),
}
