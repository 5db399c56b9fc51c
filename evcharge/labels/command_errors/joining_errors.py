"""What keeps a program from registering or joining, in both languages. Pure."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    "no credential": (
        (
            "{id} has no credential here and is not registered. Register it first ({command}), or put an enrolment "
            "token in {path}."
        ),
        (
            "{id} no tiene aquí credencial ni está registrado. Regístrelo antes ({command}), o ponga un token de "
            "inscripción en {path}."
        ),
    ),
    "other credential": (
        (
            "{id} is registered already, with a credential that is not in {path}. Copy that file from the PC where "
            "{same} was, or have an administrator rotate its credential."
        ),
        (
            "{id} ya está registrado, con una credencial que no está en {path}. Copie ese fichero del PC donde estaba "
            "{same}, o que un administrador le cambie la credencial."
        ),
    ),
    "not https": (
        "{url} is not the address of a Registry: it must begin with https://",
        "{url} no es la dirección de un Registry: debe empezar por https://",
    ),
    "no Registry": (
        "{url} is not the address of a Registry, such as https://127.0.0.1:5001",
        "{url} no es la dirección de un Registry, como https://127.0.0.1:5001",
    ),
    "long addresses": (
        "{url} and {address} do not both fit in a token: see [reach].",
        "{url} y {address} no caben juntas en un token: véase [reach].",
    ),
}
