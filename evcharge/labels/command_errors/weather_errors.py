"""What is wrong with the weather service's timeline, key or files, in both languages. Pure."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    "timeline": (
        "the timeline {path} is not text, or is larger than 1 MiB",
        "la línea de tiempo {path} no es texto o pasa de 1 MiB",
    ),
    "unread timeline": (
        "cannot read the timeline {path}: {why}",
        "no se puede leer la línea de tiempo {path}: {why}",
    ),
    "long timeline": ("{path}: more than {most} lines", "{path}: más de {most} líneas"),
    "empty timeline": (
        '{path}: no line says what the weather is, such as "0 Alicante: 14 3"',
        '{path}: ninguna línea dice qué tiempo hace, como "0 Alicante: 14 3"',
    ),
    "line of weather": (
        'a line is SECONDS LOCATION: °C [WIND] [storm], such as "60 Alicante: -4 12"',
        'una línea es SEGUNDOS LUGAR: °C [VIENTO] [storm], como "60 Alicante: -4 12"',
    ),
    "after location": (
        'after the location come °C, then wind, then "{storm}"; or "{fails}" alone',
        'detrás del lugar van °C, luego el viento, luego "{storm}"; o "{fails}" solo',
    ),
    "repeat": (
        '"repeat" must be followed by a number of seconds',
        'detrás de "repeat" va un número de segundos',
    ),
    "not within": ("{shown} is not {why} from {least} to {most}", "{shown} no es {why} de {least} a {most}"),
    "of seconds": ("a number of seconds", "un número de segundos"),
    "of celsius": ("a temperature in °C", "una temperatura en °C"),
    "of wind": ("a wind in m/s", "una velocidad del viento en m/s"),
    "thresholds": (
        "[weather] {ends} must not be less than {begins}",
        "[weather] {ends} no debe ser menor que {begins}",
    ),
    "simulate what": (
        "[weather] source is simulate: say which file with --simulate FILE",
        "[weather] source es simulate: diga qué fichero con --simulate FILE",
    ),
    "no key": (
        (
            "OpenWeather needs a key: put it into {path} (chmod 600), or set {variable}. Without one: --source "
            "openmeteo, or --simulate FILE."
        ),
        (
            "OpenWeather necesita una clave: póngala en {path} (chmod 600), o dé valor a {variable}. Sin clave: "
            "--source openmeteo, o --simulate FILE."
        ),
    ),
    "no cities": (
        "{path} cannot be read ({why}): further cities start afresh.",
        "no se puede leer {path} ({why}): las demás ciudades empiezan de cero.",
    ),
    "no own alerts": (
        "{path} cannot be read ({why}): every alert counts as ours.",
        "no se puede leer {path} ({why}): se dará por nuestra toda alerta.",
    ),
    "many cities": ("there are {most} further cities already", "ya hay {most} ciudades más"),
}
