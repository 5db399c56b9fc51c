"""What the Registry and `evcharge init` say on their terminal."""

from collections.abc import Mapping

from evcharge.labels import Saying, Speech, Words

SENTENCES: Mapping[str, Words] = {
    # ---- evcharge init
    "made": ("made: {what}", "hecho: {what}"),
    "kept": ("kept: {what}", "ya estaba: {what}"),
    "mind": ("mind: {what}", "atención: {what}"),
    "administrator": (
        "The administrator is {who}, the password {password}",
        "El administrador es {who}, la contraseña {password}",
    ),
    "of the pages": (
        "On Central's pages log in as {who}, the password {password}",
        "En las páginas de la Central entre como {who}, la contraseña {password}",
    ),
    "write down": ("Write it down: it is not shown again.", "Apúntela: no se vuelve a mostrar."),
    # ---- the Registry
    "room": (
        "Room for {members} clients that have logged in and {strangers} that have not: {limit} files may be open.",
        "Caben {members} clientes que hayan entrado y {strangers} que no: se pueden abrir {limit} ficheros.",
    ),
    "little room": (
        (
            "Room for {members} clients that have logged in and {strangers} that have not: {limit} files may be open, "
            "which is too few (ulimit -n)."
        ),
        (
            "Caben {members} clientes que hayan entrado y {strangers} que no: se pueden abrir {limit} ficheros, y son "
            "pocos (ulimit -n)."
        ),
    ),
    "nobody": (
        "This Registry has no administrator: stop it and run evcharge init.",
        "Nadie administra este Registry: párelo y ejecute evcharge init.",
    ),
    "listening": ("Registry listening on {url}", "Registry escucha en {url}"),
    # What somebody did there, by the term of its audit log, as Central's log tells it.
    "to register": ("register", "registrar"),
    "to re-register": ("re-register", "registrar de nuevo"),
    "to move": ("move", "trasladar"),
    "to activate": ("activate", "activar"),
    "to deactivate": ("deactivate", "desactivar"),
    "to rotate": ("rotate", "cambiar la credencial de"),
    "to withdraw": ("withdraw", "dar de baja"),
    "to revoke": ("revoke", "revocar las claves de"),
    "to invite": ("invite", "invitar a"),
    "to get ticket": ("get ticket", "dar acceso a"),
    "to add admin": ("add admin", "añadir al administrador"),
    "to log in": ("log in", "dejar entrar a"),
    "to requests refused": ("requests refused", "peticiones denegadas"),
    "to unknown request": ("unknown request", "petición desconocida"),
    # What changed in a registration, by the same term.
    "register": ("{id}: register by {who} from {address}", "{id}: registrado por {who} desde {address}"),
    "re-register": (
        "{id}: re-register by {who} from {address}",
        "{id}: registrado de nuevo por {who} desde {address}",
    ),
    "move": ("{id}: move by {who} from {address}", "{id}: trasladado por {who} desde {address}"),
    "activate": ("{id}: activate by {who} from {address}", "{id}: activado por {who} desde {address}"),
    "deactivate": (
        "{id}: deactivate by {who} from {address}",
        "{id}: desactivado por {who} desde {address}",
    ),
    "rotate": ("{id}: rotate by {who} from {address}", "{id}: credencial cambiada por {who} desde {address}"),
    "withdraw": ("{id}: withdraw by {who} from {address}", "{id}: dado de baja por {who} desde {address}"),
    "revoke": ("{id}: revoke by {who} from {address}", "{id}: claves revocadas por {who} desde {address}"),
    "refused": ("refused {what} from {address}: {code}", "denegado {what} desde {address}: {code}"),
    "anchor": ("audit log: registry.db {n} {hash}", "registro de auditoría: registry.db {n} {hash}"),
    "unread": ("cannot read the audit log: {why}", "no se puede leer el registro de auditoría: {why}"),
    "unwritten": (
        "cannot write the audit log: {why}",
        "no se puede escribir el registro de auditoría: {why}",
    ),
}


def said(name: str, **facts: object) -> Saying:
    """Return one of the Registry's sentences, for its log."""
    return Saying(name, facts, lambda lang, values: Speech(SENTENCES, lang)(name, **values))
