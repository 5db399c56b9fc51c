"""What is wrong with a config file, an environment variable or a setting, in both languages. Pure."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    "no config": (
        "there is no config file {path}: create it, or name another one",
        "no existe el fichero de configuración {path}: créelo o indique otro",
    ),
    "large config": (
        "{path} is larger than 1 MiB: is it a config file?",
        "{path} pasa de 1 MiB: ¿es un fichero de configuración?",
    ),
    "unread config": (
        "cannot read config file {path}: {why}",
        "no se puede leer el fichero de configuración {path}: {why}",
    ),
    "not UTF-8": (
        "{path} line {line} is not UTF-8 text: save the file as UTF-8",
        "{path}, línea {line}: no es texto UTF-8; guarde el fichero como UTF-8",
    ),
    "not TOML, there": (
        "{path} line {line}, column {column}: this is not TOML: {why}",
        "{path}, línea {line}, columna {column}: esto no es TOML: {why}",
    ),
    "not TOML": ("{path}: this is not TOML: {why}", "{path}: esto no es TOML: {why}"),
    "no scenario": ("{path} is not a scenario: {why}", "{path} no es un escenario: {why}"),
    "twice": ("this key or section appears twice", "esta clave o sección aparece dos veces"),
    "no equals": ("a = is missing after the key", "falta un = detrás de la clave"),
    "no bracket": ("a ] is missing", "falta un ]"),
    "not closed": (
        "a quotation mark or bracket is not closed",
        "hay unas comillas o un corchete sin cerrar",
    ),
    "character": ("there is a character that is not allowed", "hay un carácter que no está permitido"),
    "no value": (
        "a value is missing, or text is not between quotation marks",
        "falta un valor, o hay un texto sin comillas",
    ),
    "how": (
        "write key = value, with text between double quotes",
        "escriba clave = valor, y los textos entre comillas dobles",
    ),
    "section": (
        "{place}: `{name}` is a section: write [{same}] on a line of its own",
        "{place}: `{name}` es una sección: escriba [{same}] en una línea aparte",
    ),
    "unknown section": ("{place}: unknown section [{name}]", "{place}: sección desconocida [{name}]"),
    "unknown key": ("{place}: unknown key `{name}`", "{place}: clave desconocida `{name}`"),
    "unknown variable": (
        "unknown environment variable {name}",
        "variable de entorno desconocida {name}",
    ),
    "meant": ("{why}, did you mean {name}?", "{why}; ¿quería decir {name}?"),
    "belongs": ("{why}; it belongs to {name}", "{why}; su sitio es {name}"),
    "line": ("{path} line {line}", "{path}, línea {line}"),
    "variable": ("environment variable {name}", "variable de entorno {name}"),
    "value": ("`{name}` is {shown}; it must be {why}", "`{name}` es {shown}; debe ser {why}"),
    "value there": (
        "{place}: `{name}` is {shown}; it must be {why}",
        "{place}: `{name}` es {shown}; debe ser {why}",
    ),
    "truth": ("true or false", "true o false"),
    "two": ('"{name}" or "{other}"', '"{name}" o "{other}"'),
    "three": ('"{name}" or "{other}" or "{third}"', '"{name}" o "{other}" o "{third}"'),
    "list": ("a list, each item {why}", "una lista, y cada elemento {why}"),
    "whole": ("a whole number from {least} to {most}", "un número entero de {least} a {most}"),
    "number": ("a number from {least} to {most}", "un número de {least} a {most}"),
    "tenths": (
        "a number from {least} to {most}, with one decimal at most",
        "un número de {least} a {most}, con un decimal como mucho",
    ),
    "any text": ("text", "texto"),
    "or nothing": ("{why}, or nothing", "{why}, o nada"),
    "host": ("a host name or an address", "un nombre de equipo o una dirección"),
    "address": ("an address like {url}", "una dirección como {url}"),
    "name": (
        "a name of at most {most} characters on one line",
        "un nombre de {most} caracteres como mucho en una línea",
    ),
    "some name": (
        "a name of {least} to {most} characters on one line",
        "un nombre de {least} a {most} caracteres en una línea",
    ),
    "file name": ("the name of a file or folder", "el nombre de un fichero o una carpeta"),
    "folder name": ("the name of a folder", "el nombre de una carpeta"),
    "price": (
        'a price per kWh in quotes, such as "{example}"',
        'un precio por kWh entre comillas, como "{example}"',
    ),
    "money": (
        'an amount in quotes, such as "{example}", up to {most}',
        'un importe entre comillas, como "{example}", hasta {most}',
    ),
    "brokers": (
        "host:port, or several separated by commas; empty is off",
        "equipo:puerto, o varios con comas; vacío es sin Kafka",
    ),
    "prefix": (
        "up to {most} letters, digits, dots, hyphens",
        "hasta {most} letras, cifras, puntos y guiones",
    ),
    "short text": (
        "text of at most {most} characters on one line",
        "un texto de {most} caracteres como mucho en una línea",
    ),
    "country": (
        'an ISO 3166 country code, such as "{example}"',
        'un código de país de ISO 3166, como "{example}"',
    ),
    "which currency": (
        "an ISO 4217 code of a currency that has hundredths: {names}",
        "un código de ISO 4217 de una moneda que tenga céntimos: {names}",
    ),
    "party": ('three letters or digits, such as "{example}"', 'tres letras o cifras, como "{example}"'),
    "time zone": (
        'the name of a time zone that this computer knows, such as "{example}"',
        'el nombre de una zona horaria que este equipo conozca, como "{example}"',
    ),
    "reports": (
        (
            "a number from 0.1 to 10: Central reports a service that is silent for 30 s (to ask the source less often, "
            "set min_request_s)"
        ),
        (
            "un número de 0.1 a 10: la Central da aviso de un servicio que calla 30 s (para preguntar menos a la "
            "fuente, cambie min_request_s)"
        ),
    ),
    "bounds": (
        "two whole numbers from {least} to {most}, the lower first",
        "dos números enteros de {least} a {most}, el menor primero",
    ),
    "home": (
        "state folder {name}: that user's home folder is not known",
        "carpeta de estado {name}: no se conoce la carpeta personal de ese usuario",
    ),
    "closed state": (
        (
            "the state folder {path} is closed to this user (uid {uid}; it belongs to {owner}): run evcharge as its "
            "owner, or choose another folder with --state."
        ),
        (
            "la carpeta de estado {path} está cerrada para este usuario (uid {uid}; es de {owner}): ejecute evcharge "
            "como su dueño o elija otra carpeta con --state."
        ),
    ),
    "secrets go": (
        (
            "{path} does not say where secrets of {state} go (`{name}`), because nobody named it: if it should, name "
            "it with --config {same}"
        ),
        (
            "{path} no decide adónde van los secretos de {state} (`{name}`), porque nadie lo ha nombrado: si debe "
            "hacerlo, nómbrelo con --config {same}"
        ),
    ),
    "secret goes": (
        "{variable} is not sent where {path} says (`{name}`), because nobody named it: if it should be, {why}",
        "{variable} no se envía adonde dice {path} (`{name}`), porque nadie lo ha nombrado: si debe ser así, {why}",
    ),
    "name config": ("name it with --config {path}", "nómbrelo con --config {path}"),
    "name state": ("name that folder with --state {path}", "nombre esa carpeta con --state {path}"),
    "zone": ("this computer has no time zone {name}", "este equipo no conoce la zona horaria {name}"),
    "database address": (
        "an address like {url}, without a password, or nothing",
        "una dirección como {url}, sin contraseña, o nada",
    ),
}
