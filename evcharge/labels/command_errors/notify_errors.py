"""What is wrong with the settings of notifications, in both languages. Pure."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    "notify in the clear": (
        "`[notify] {name}` is http://: its token could be read on the way. Use https://.",
        "`[notify] {name}` es http://: su token se podría leer por el camino. Use https://.",
    ),
    "mail without server": (
        '`[notify] mail_to` needs a mail server, too: set `[notify] smtp`, such as "mail.example.org:587".',
        "`[notify] mail_to` necesita un servidor de correo: ponga `[notify] smtp`, como «mail.example.org:587».",
    ),
    "mail to nobody": (
        "`[notify] smtp` needs a sender and a recipient: set `mail_from` and `mail_to`.",
        "`[notify] smtp` necesita un remitente y un destinatario: ponga `mail_from` y `mail_to`.",
    ),
    "mail without password": (
        "`[notify] smtp_user` needs a password: in {variable}, or in notify.password in the state folder.",
        "`[notify] smtp_user` necesita una contraseña: en {variable}, o en notify.password en la carpeta de estado.",
    ),
    "mail in the clear": (
        "`[notify] smtp_security` none shows the password to anyone listening: set starttls or tls.",
        "`[notify] smtp_security` none enseña la contraseña a quien escuche: ponga starttls o tls.",
    ),
}
