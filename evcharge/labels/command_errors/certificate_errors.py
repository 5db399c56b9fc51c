"""What is wrong with a certificate or its key, in both languages. Pure."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    "key missing": (
        (
            "{path} is missing, but {pem} is there. Put the key back from a backup, or move {same} away and run "
            "evcharge init again."
        ),
        (
            "falta {path}, pero está {pem}. Recupere la clave de una copia, o aparte {same} y ejecute evcharge init "
            "de nuevo."
        ),
    ),
    "no private key": (
        "{path} does not contain a private key that evcharge wrote. Put it back from a backup.",
        "{path} no contiene una clave privada escrita por evcharge. Recupérelo de una copia.",
    ),
    "no certificate": (
        "{path} is not a certificate. Put it back from a backup.",
        "{path} no es un certificado. Recupérelo de una copia.",
    ),
    "no CA": (
        "{path} is not a certificate. Copy it again from the PC of the Registry.",
        "{path} no es un certificado. Cópielo de nuevo del PC del Registry.",
    ),
    "no pair": (
        (
            "{path} and {name} do not match. Put both back from a backup, or run evcharge init --renew, which makes "
            "new certificates."
        ),
        (
            "{path} y {name} no se corresponden. Recupere los dos de una copia, o ejecute evcharge init --renew, que "
            "hace certificados nuevos."
        ),
    ),
    "no host": (
        "{name} is not a host name or address for a certificate.",
        "{name} no es un nombre ni una dirección para un certificado.",
    ),
    "another user": (
        (
            "{path} belongs to another user (uid {owner}; you are {uid}), who could not read what is made there now: "
            "run evcharge init as its owner, or choose another folder with --state."
        ),
        (
            "{path} es de otro usuario (uid {owner}; usted es {uid}), que no podría leer lo que se haga ahí ahora: "
            "ejecute evcharge init como su dueño o elija otra carpeta con --state."
        ),
    ),
}
