"""What `evcharge init` made, kept and warns of, in both languages. Pure."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    "admin": ("administrator {name}", "administrador {name}"),
    "account": ("account {name} of Central's pages", "cuenta {name} de las páginas de la Central"),
    "certificate for": ("{path} (for {names})", "{path} (para {names})"),
    "doubt": ("{path} {why}. {command} makes a new one.", "{path} {why}. {command} hace uno nuevo."),
    "not of CA": ("is not from the CA in ca.pem", "no es de la CA de ca.pem"),
    "ends": ("ends on {date}", "caduca el {date}"),
    "lacks": ("does not name {names}", "no nombra {names}"),
    "start again": (
        "{path} is new: restart {name} if it is running.",
        "{path} es nuevo: reinicie {name}, si está en marcha.",
    ),
}
