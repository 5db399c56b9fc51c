"""What is wrong with the settings of Kafka, in both languages. Pure."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    "no CA of Kafka": (
        "`[kafka] ca_file`: {path} contains no certificates in PEM format.",
        "`[kafka] ca_file`: {path} no contiene certificados en formato PEM.",
    ),
    "unread CA of Kafka": (
        "`[kafka] ca_file`: cannot read {path}: {why}.",
        "`[kafka] ca_file`: no se puede leer {path}: {why}.",
    ),
    "no user": (
        "`[kafka] user` is missing: security is {name}",
        "falta `[kafka] user`: la seguridad es {name}",
    ),
    "clear password": (
        (
            "`[kafka] mechanism` PLAIN without TLS shows the password to anyone listening: set `security` to "
            '"sasl_tls", or `mechanism` to "SCRAM-SHA-512".'
        ),
        (
            "`[kafka] mechanism` PLAIN sin TLS enseña la contraseña a quien escuche: ponga `security` a "
            '"sasl_tls", o `mechanism` a "SCRAM-SHA-512".'
        ),
    ),
    "CA for TLS": (
        '`[kafka] ca_file` is for TLS: set `security` to "{name}", or leave it out.',
        '`[kafka] ca_file` es para TLS: ponga `security` a "{name}", o quítelo.',
    ),
}
