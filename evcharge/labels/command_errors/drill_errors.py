"""What keeps the demo or a drill from running, in both languages. Pure."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    "drill, no network": ("the network was not up in time", "la red no arrancó a tiempo"),
    "drill, no Central": ("Central is not running on this PC.", "la Central no está en marcha en este PC."),
    "drill, another": (
        "another drill is running with {path}. Wait until it ends.",
        "hay otro simulacro con {path}. Espere a que termine.",
    ),
    "drill, damages": (
        "{path} does not contain a list of damage. Remove it.",
        "{path} no contiene una lista de daños. Bórrelo.",
    ),
    "drill, folder": (
        "{path} cannot be deleted. Delete it by hand.",
        "no se puede borrar {path}. Bórrelo a mano.",
    ),
    "own PostgreSQL": (
        "PostgreSQL does not start here: type initdb -D FOLDER, which says why.",
        "PostgreSQL no arranca aquí: escriba initdb -D FOLDER, que dice por qué.",
    ),
    "drill, no Registry": (
        "The Registry is not running on this PC.",
        "el Registry no está en marcha en este PC.",
    ),
    "drill, no broker": ("no broker is running on this PC.", "no hay ningún broker en marcha en este PC."),
    "no network": (
        "the network was not up in time; {why}",
        "la red no arrancó a tiempo; {why}",
    ),
    "above": ("its lines above say why", "sus líneas de arriba dicen por qué"),
    "no tickets": (
        "not every ticket was there after {s} s",
        "a los {s} s no estaban todos los tiques",
    ),
    "no state": (
        "the state folder could not be created: {why}",
        "no se pudo crear la carpeta de estado: {why}",
    ),
}
