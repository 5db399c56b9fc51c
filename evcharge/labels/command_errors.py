"""What goes wrong at a command line, in other languages: the errors of files, ports, settings and typed values. Pure.

They are raised far below, where nobody knows who reads them, as English sentences. Here each has its Spanish one, found
by its pattern; a test reads every such error of the program. `translated` knows what servers answer and what logs say
(`api_answers`, `log_lines`), too.
"""

import re
import string
from collections.abc import Mapping
from functools import cache

from evcharge.labels import DEFAULT_LANGUAGE, LANGUAGES, Saying, Words, api_answers, figures, log_lines
from evcharge.labels.causes import cause

SENTENCES: Mapping[str, Words] = {
    # ---- settings
    "no config": (
        "there is no config file {path}: make it, or name another one",
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
    "no scenario": ("{path} is no scenario: {why}", "{path} no es un escenario: {why}"),
    "twice": ("this key or section stands there twice", "esta clave o sección está dos veces"),
    "no equals": ("a = is missing after the key", "falta un = detrás de la clave"),
    "no bracket": ("a ] is missing", "falta un ]"),
    "not closed": (
        "a quotation mark or bracket is not closed",
        "hay unas comillas o un corchete sin cerrar",
    ),
    "character": ("a character stands there that may not", "hay un carácter que no está permitido"),
    "no value": (
        "a value is missing, or is a text without quotation marks",
        "falta un valor, o es un texto sin comillas",
    ),
    "how": (
        "write key = value, and texts between double quotes",
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
    "list": ("a list, each of them {why}", "una lista, y cada elemento {why}"),
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
        'euros per kWh in quotes, such as "{example}"',
        'euros por kWh entre comillas, como "{example}"',
    ),
    "money": (
        'euros in quotes, such as "{example}", up to {most}',
        'euros entre comillas, como "{example}", hasta {most}',
    ),
    "brokers": (
        "host:port, or several with commas; empty is off",
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
    "country": ('a country in ISO 3166, such as "{example}"', 'un país de ISO 3166, como "{example}"'),
    "party": ('three letters or digits, such as "{example}"', 'tres letras o cifras, como "{example}"'),
    "time zone": (
        'the name of a time zone that this computer knows, such as "{example}"',
        'el nombre de una zona horaria que este equipo conozca, como "{example}"',
    ),
    "reports": (
        (
            "a number from 0.1 to 10: Central misses a service that is silent for 30 s (to ask the source less often, "
            "set min_request_s)"
        ),
        (
            "un número de 0.1 a 10: la Central echa en falta un servicio que calla 30 s (para preguntar menos a la "
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
    # ---- what is typed
    "id": (
        "bad {what} {shown}: allowed are 1 to 32 of A-Z, 0-9, _ and -",
        "{what} {shown} no vale: se admiten de 1 a 32 de A-Z, 0-9, _ y -",
    ),
    "high price": (
        "price {shown} €/kWh is above 100: is it in cents?",
        "{shown} €/kWh pasa de 100: ¿son céntimos?",
    ),
    "high amount": (
        "amount {shown} € is more than {most} €: is it a typing error?",
        "{shown} € es más de {most} €: ¿es un error al teclear?",
    ),
    "euros": (
        "{why} {shown}: give euros as a plain number, such as {example}",
        "{why} {shown}: dé los euros como un número sin más, como {example}",
    ),
    "energy": (
        "energy {shown}: give kWh as a plain number up to {most}, such as 3.2",
        "energía {shown}: dé los kWh como un número sin más hasta {most}, como 3.2",
    ),
    "of price": ("price", "precio"),
    "of amount": ("amount", "importe"),
    "location": (
        "location must be 1 to {most} characters of plain text on one line.",
        "la ubicación debe tener de 1 a {most} caracteres de texto en una línea.",
    ),
    "not HOST:PORT": (
        "{shown} is not HOST:PORT, such as 127.0.0.1:9002 or [::1]:9002",
        "{shown} no es HOST:PORT, como 127.0.0.1:9002 o [::1]:9002",
    ),
    "hours": ("give hours, such as 24", "dé horas, como 24"),
    "point or all": (
        "Give a charging point, such as CP001, or --all.",
        "Indique un punto de recarga, como CP001, o --all.",
    ),
    "one over Kafka": (
        "Over Kafka an order is for one charging point, such as CP001.",
        "Por Kafka una orden es para un solo punto de recarga, como CP001.",
    ),
    "no event": ("{shown} is no type of event", "{shown} no es un tipo de evento"),
    "no role": (
        "{shown} is no role: one of {names}, with .ID for one of several",
        "{shown} no es un papel: uno de {names}, con .ID para uno de varios",
    ),
    "password length": (
        "A password has {least} to {most} characters, and at most {bytes} bytes in UTF-8.",
        "Una contraseña tiene de {least} a {most} caracteres y {bytes} bytes en UTF-8 como mucho.",
    ),
    "password characters": (
        "A password holds characters only, and none that is half of one.",
        "Una contraseña consta solo de caracteres, y ninguno a medias.",
    ),
    # ---- what click says itself
    "bad value": ("Invalid value for {what}: {why}", "Valor no válido para {what}: {why}"),
    "value of": ("Invalid value for {what}", "Valor no válido para {what}"),
    "no option": ("No such option {name}.", "No existe la opción {name}."),
    "no command": ("No such command {name}.", "No existe la orden {name}."),
    "meant there": ("{why} Did you mean {names}?", "{why} ¿Quería decir {names}?"),
    "possible": ("{why} (Possible options: {names})", "{why} (Opciones posibles: {names})"),
    "missing argument": ("Missing argument {name}.", "Falta el argumento {name}."),
    "missing option": ("Missing option {name}.", "Falta la opción {name}."),
    "missing command": ("Missing command.", "Falta la orden."),
    "needs value": ("Option {name} requires an argument.", "La opción {name} necesita un valor."),
    "takes no value": ("Option {name} does not take a value.", "La opción {name} no lleva valor."),
    "extra": ("Got unexpected extra argument {names}", "Sobra el argumento {names}"),
    "extras": ("Got unexpected extra arguments {names}", "Sobran los argumentos {names}"),
    "not one of": ("{shown} is not one of {names}.", "{shown} no es uno de {names}."),
    "no integer": ("{shown} is not a valid integer.", "{shown} no es un número entero."),
    "no integer within": ("{shown} is not a valid integer range.", "{shown} no es un número entero."),
    "out of range": ("{shown} is not in the range {range}.", "{shown} no está en {range}."),
    "no file": ("File {path} does not exist.", "El fichero {path} no existe."),
    "folder": ("File {path} is a directory.", "{path} es una carpeta."),
    # ---- files
    "unusable": ("cannot use {path}: {why}", "no se puede usar {path}: {why}"),
    "unread": ("cannot read {path}: {why}", "no se puede leer {path}: {why}"),
    "unwritten": ("cannot write {path}: {why}", "no se puede escribir {path}: {why}"),
    "unwritten there": ("{path} cannot be written: {why}", "no se puede escribir {path}: {why}"),
    "unread there": ("{path} cannot be read: {why}", "no se puede leer {path}: {why}"),
    "no room": ("{why}. Free some space, and try again.", "{why}. Libere espacio y pruebe de nuevo."),
    "remove": ("{why}. Remove what stands there.", "{why}. Quite lo que hay ahí."),
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
        "{path} is a link to a file that is not there: mount it, or mend the link.",
        "{path} es un enlace a un fichero que no está: móntelo o arregle el enlace.",
    ),
    "no secret": (
        "{path} holds no secret that evcharge wrote. Put the right file there.",
        "{path} no contiene ningún secreto que escribiera evcharge. Ponga ahí el fichero correcto.",
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
            "{path} must hold one key of 44 characters, or two on lines of their own (the new one first). Copy it "
            "again from the PC where evcharge init ran."
        ),
        (
            "{path} debe contener una clave de 44 caracteres, o dos en líneas aparte (la nueva primero). Cópielo de "
            "nuevo del PC donde se ejecutó evcharge init."
        ),
    ),
    "no token": (
        "{variable} holds no token: set it again, in one line, or leave it out.",
        "{variable} no contiene ningún token: póngala de nuevo, en una línea, o quítela.",
    ),
    # ---- certificates and keys
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
        "{path} holds no private key that evcharge wrote. Put it back from a backup.",
        "{path} no contiene ninguna clave privada que escribiera evcharge. Recupérelo de una copia.",
    ),
    "no certificate": (
        "{path} is no certificate. Put it back from a backup.",
        "{path} no es un certificado. Recupérelo de una copia.",
    ),
    "no CA": (
        "{path} is no certificate. Copy it again from the PC of the Registry.",
        "{path} no es un certificado. Cópielo de nuevo del PC del Registry.",
    ),
    "no pair": (
        (
            "{path} and {name} do not belong together. Put both back from a backup, or run evcharge init --renew, "
            "which makes new certificates."
        ),
        (
            "{path} y {name} no van juntos. Recupere los dos de una copia, o ejecute evcharge init --renew, que hace "
            "certificados nuevos."
        ),
    ),
    "no host": (
        "{name} is no host name or address for a certificate.",
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
    # ---- what init made, kept and warns of
    "admin": ("administrator {name}", "administrador {name}"),
    "account": ("account {name} of Central's pages", "cuenta {name} de las páginas de la Central"),
    "certificate for": ("{path} (for {names})", "{path} (para {names})"),
    "doubt": ("{path} {why}. {command} makes a new one.", "{path} {why}. {command} hace uno nuevo."),
    "not of CA": ("is not from the CA in ca.pem", "no es de la CA de ca.pem"),
    "ends": ("ends on {date}", "caduca el {date}"),
    "lacks": ("does not name {names}", "no nombra {names}"),
    "start again": (
        "{path} is new: start {name} again, if it runs.",
        "{path} es nuevo: reinicie {name}, si está en marcha.",
    ),
    # ---- ports
    "port": (
        "cannot listen on {place}: {why}. Is another one running here? Choose another port.",
        "no se puede escuchar en {place}: {why}. ¿Hay otro en marcha aquí? Elija otro puerto.",
    ),
    # ---- the books
    "full": (
        "{path}: the disk is full. Free some space; nothing stored is lost.",
        "{path}: el disco está lleno. Libere espacio; no se pierde nada de lo guardado.",
    ),
    "held": (
        "{path} is held by another program. Close it and start again.",
        "otro programa tiene {path}. Ciérrelo y empiece de nuevo.",
    ),
    "in use": (
        "{path} is in use by another evcharge (pid {pid}). Stop it first, or choose another --state folder.",
        "otro evcharge (pid {pid}) usa {path}. Párelo antes, o elija otra carpeta con --state.",
    ),
    "damaged": (
        (
            "{path} is damaged. Move it aside and put the latest backup in its place; the engines send again what it "
            "lacks."
        ),
        "{path} está dañado. Apártelo y ponga en su lugar la última copia; los motores reenvían lo que le falte.",
    ),
    "newer": (
        (
            "{path} has schema {have}, written by a newer evcharge; this one knows {known}. Update evcharge, or use "
            "another state folder."
        ),
        (
            "{path} tiene el esquema {have}, de un evcharge más nuevo; este conoce el {known}. Actualice evcharge o "
            "use otra carpeta de estado."
        ),
    ),
    "restoring": (
        "{path} is being restored, and that was interrupted: start again to finish it.",
        "{path} se está restaurando, y eso se interrumpió: empiece de nuevo para terminarlo.",
    ),
    "no note": (
        "{path} is not what evcharge wrote: restore the backup anew.",
        "{path} no es lo que escribió evcharge: restaure la copia de nuevo.",
    ),
    "check disk": ("{path}: {why}. Check the disk.", "{path}: {why}. Revise el disco."),
    "no books": (
        "{path} holds neither central.db nor registry.db: is it the right --state folder?",
        "{path} no contiene central.db ni registry.db: ¿es la carpeta --state correcta?",
    ),
    "not there": (
        "{path} is not there: is it the right --state folder?",
        "{path} no está: ¿es la carpeta --state correcta?",
    ),
    "other schema": (
        (
            "{path} has schema {have}, and this evcharge reads {newest}: start its Central once, or use the evcharge "
            "that wrote it."
        ),
        (
            "{path} tiene el esquema {have}, y este evcharge lee el {newest}: arranque su Central una vez, o use el "
            "evcharge que lo escribió."
        ),
    ),
    "no anchors": (
        "{path} cannot be read: is it a text file of anchors?",
        "no se puede leer {path}: ¿es un fichero de texto con anclas?",
    ),
    "books fail": (
        (
            "Central's books cannot be written ({why}): check the disk, then start Central again. Nothing that was "
            "confirmed is lost; the engines send the rest again."
        ),
        (
            "No se pueden escribir los libros de la Central ({why}): revise el disco y vuelva a arrancar la Central. "
            "No se pierde nada de lo confirmado; los motores reenvían el resto."
        ),
    ),
    "no rule": ("the database did not do it", "la base de datos no lo hizo"),
    "store rule": ("it breaks a rule of the database", "incumple una regla de la base de datos"),
    "store away": ("the database cannot be reached", "no se llega a la base de datos"),
    "store deposed": (
        "another Central has taken these books over",
        "otra Central se ha hecho cargo de estos libros",
    ),
    # ---- PostgreSQL
    "database address": (
        "an address like {url}, without a password, or nothing",
        "una dirección como {url}, sin contraseña, o nada",
    ),
    "books elsewhere": (
        (
            "the books of this network are in {place}: set `[central] database`, or bring them back with "
            "`evcharge migrate --to file`."
        ),
        (
            "los libros de esta red están en {place}: ponga `[central] database`, o tráigalos de vuelta con "
            "`evcharge migrate --to file`."
        ),
    ),
    "books twice": (
        (
            "`[central] database` names {place}, and {path} holds books, too: move them there with `evcharge "
            "migrate --to`, or put that file aside."
        ),
        (
            "`[central] database` indica {place}, y {path} también contiene libros: llévelos allí con `evcharge "
            "migrate --to`, o aparte ese fichero."
        ),
    ),
    "no extra": (
        "`[central] database` needs the PostgreSQL extra: pip install '{name}', then start again.",
        "`[central] database` necesita el extra de PostgreSQL: pip install '{name}', y arranque de nuevo.",
    ),
    "no certificates": (
        "{path} is no file of certificates (PEM) that can be read.",
        "{path} no es un fichero de certificados (PEM) que se pueda leer.",
    ),
    "no password there": (
        "{path} holds no password: save it as UTF-8 text.",
        "{path} no contiene ninguna contraseña: guárdela como texto UTF-8.",
    ),
    "place in use": (
        "{place} is in use by another Central. Stop it first, or choose another database.",
        "otra Central usa {place}. Párela antes, o elija otra base de datos.",
    ),
    "place shut": (
        (
            "{place} does not let us in: check the user, and the password in EVCHARGE_DATABASE_PASSWORD or in "
            "central/database.password of the state folder."
        ),
        (
            "{place} no nos deja entrar: revise el usuario, y la contraseña en EVCHARGE_DATABASE_PASSWORD o en "
            "central/database.password de la carpeta de estado."
        ),
    ),
    "no database": (
        "{place}: there is no such database. Make it first, or correct `database`.",
        "{place}: no existe esa base de datos. Créela antes, o corrija `database`.",
    ),
    "no tables": (
        "{place}: this user may not make tables there. Let it own the database or the schema.",
        "{place}: este usuario no puede crear tablas. Hágalo dueño de la base de datos o del esquema.",
    ),
    "place full": (
        "{place} takes no connections at present. Try again in a moment.",
        "{place} no acepta conexiones ahora. Pruebe de nuevo en un momento.",
    ),
    "place not trusted": (
        (
            "{place}: its certificate is not one that we trust for this host. Name the file of its authority "
            "with `database_ca_file`."
        ),
        (
            "{place}: su certificado no es de confianza para este equipo. Indique el fichero de su autoridad en "
            "`database_ca_file`."
        ),
    ),
    "place away": (
        "{place} cannot be reached: is it running, and is `database` its address?",
        "no se llega a {place}: ¿está en marcha, y es `database` su dirección?",
    ),
    "place old": (
        "{place} is version {have}; evcharge needs {least} or newer.",
        "{place} es la versión {have}; evcharge necesita la {least} o una posterior.",
    ),
    "place unsafe": (
        (
            "{place} runs with {name} = {value}: what it confirms may be lost. Set {same} = on, then start "
            "Central again."
        ),
        (
            "{place} funciona con {name} = {value}: lo que confirma puede perderse. Ponga {same} = on y "
            "arranque la Central de nuevo."
        ),
    ),
    "place not UTF-8": (
        "{place} does not keep UTF-8. Make the database with ENCODING 'UTF8'.",
        "{place} no guarda UTF-8. Cree la base de datos con ENCODING 'UTF8'.",
    ),
    "place standby": (
        "{place} is a standby, which cannot be written. Name the primary.",
        "{place} es un servidor en espera, que no se puede escribir. Indique el primario.",
    ),
    "place newer": (
        (
            "{place} has schema {have}, written by a newer evcharge; this one knows {newest}. Update evcharge, "
            "or use another database."
        ),
        (
            "{place} tiene el esquema {have}, de un evcharge más nuevo; este conoce el {newest}. Actualice "
            "evcharge, o use otra base de datos."
        ),
    ),
    "place other": (
        (
            "{place} has schema {have}, and this evcharge knows {newest}: start Central once, or take the "
            "evcharge that wrote it."
        ),
        (
            "{place} tiene el esquema {have}, y este evcharge conoce el {newest}: arranque la Central una vez, "
            "o use el evcharge que lo escribió."
        ),
    ),
    "file older": (
        "{path} has schema {have}, and this evcharge knows {newest}: start Central once.",
        "{path} tiene el esquema {have}, y este evcharge conoce el {newest}: arranque la Central una vez.",
    ),
    "place not empty": (
        "{place} holds books already. Name an empty database, or another schema.",
        "{place} ya contiene libros. Indique una base de datos vacía, u otro esquema.",
    ),
    "nothing to move": (
        "{path} is not there: there are no books to move.",
        "{path} no está: no hay libros que llevar.",
    ),
    "moved before": (
        "{path} is there from an earlier move: put it elsewhere first.",
        "{path} quedó de un traslado anterior: póngalo antes en otro sitio.",
    ),
    "not moved": (
        "{place} does not hold what was copied ({why}): nothing was moved.",
        "{place} no contiene lo que se copió ({why}): no se trasladó nada.",
    ),
    "not brought": (
        "{place} does not hold what was written ({why}): nothing was moved.",
        "{place} no contiene lo que se escribió ({why}): no se trasladó nada.",
    ),
    "in the way": (
        "{path} is there already: put it aside first.",
        "{path} ya está: apártelo antes.",
    ),
    "from where": (
        "`[central] database` is empty: it must say from where the books come back.",
        "`[central] database` está vacío: debe decir de dónde vuelven los libros.",
    ),
    "store full": ("the disk is full", "el disco está lleno"),
    "store busy": ("another program holds the database", "otro programa tiene la base de datos"),
    "store shut": (
        "the database may not be opened or written by us",
        "no podemos abrir la base de datos o escribir en ella",
    ),
    "store broken": (
        "the disk failed in the middle of a write",
        "el disco falló en mitad de una escritura",
    ),
    "store damaged": ("the database is damaged", "la base de datos está dañada"),
    # ---- charging points
    "no brokers": (
        '`[engine] live_lane` is "kafka", and `[kafka] bootstrap` names no brokers',
        '`[engine] live_lane` es "kafka", y `[kafka] bootstrap` no nombra ningún broker',
    ),
    "plan": (
        "the plan {path} is not text, or larger than 1 MiB",
        "el plan {path} no es texto, o pasa de 1 MiB",
    ),
    "unread plan": ("cannot read the plan {path}: {why}", "no se puede leer el plan {path}: {why}"),
    "at line": ("{path} line {line}: {why}", "{path}, línea {line}: {why}"),
    "one of": ("{why} one of {names}, not {shown}", "{why} {names}, no {shown}"),
    "action": ("an action is", "una acción es"),
    "after": ("after", "detrás de after va"),
    "manual": (
        'a manual start names its driver, such as "manual D01" or, with a PIN, "manual D01 4711"',
        'un inicio manual nombra a su conductor, como "manual D01" o, con PIN, "manual D01 4711"',
    ),
    "alone": ("{name} stands alone, without {shown}", "{name} va solo, sin {shown}"),
    "pin": ("a PIN has 4 to 12 digits", "un PIN tiene de 4 a 12 cifras"),
    "step": (
        'a step is SECONDS ACTION, such as "2.0 plug" or "after authorised 1.5 plug"',
        'un paso es SEGUNDOS ACCIÓN, como "2.0 plug" o "after authorised 1.5 plug"',
    ),
    "seconds": (
        "{shown} is not a number of seconds from 0 to {most}",
        "{shown} no es un número de segundos de 0 a {most}",
    ),
    "unusable folder": ("cannot use the folder {path}: {why}", "no se puede usar la carpeta {path}: {why}"),
    "another engine": (
        (
            "another engine (pid {pid}) uses the journal in {path}. Stop it first, or start this one with another "
            "charging point or state folder."
        ),
        (
            "otro motor (pid {pid}) usa el diario de {path}. Párelo antes, o arranque este con otro punto de recarga "
            "u otra carpeta de estado."
        ),
    ),
    "journal fails": (
        (
            "the disk of the journal in {path} fails. The engine stops, with the power off: free or replace the disk, "
            "then start it again{rest}"
        ),
        (
            "falla el disco del diario de {path}. El motor se para, con la corriente cortada: libere o cambie el "
            "disco y arránquelo de nuevo{rest}"
        ),
    ),
    "journal size": (
        (
            "the journal in {path} has {size} bytes, ours stay below {most}: it was not written by an engine. Move it "
            "away."
        ),
        "el diario de {path} tiene {size} bytes y los nuestros no llegan a {most}: no lo escribió un motor. Apártelo.",
    ),
    "journal shut": (
        "cannot open the journal in {path}: {why}. Check the disk.",
        "no se puede abrir el diario de {path}: {why}. Revise el disco.",
    ),
    "new journal": (
        "cannot begin a new journal in {path}: {why}. Check the disk.",
        "no se puede empezar un diario nuevo en {path}: {why}. Revise el disco.",
    ),
    "newer journal": (
        (
            "the journal in {path} holds a record that this version does not know ({what}). Start the newer evcharge "
            "that wrote it."
        ),
        (
            "el diario de {path} contiene un registro que esta versión no conoce ({what}). Arranque el evcharge más "
            "nuevo que lo escribió."
        ),
    ),
    # ---- the Registry, and who joins
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
            "{same} was, or let an administrator rotate its credential."
        ),
        (
            "{id} ya está registrado, con una credencial que no está en {path}. Copie ese fichero del PC donde estaba "
            "{same}, o que un administrador le cambie la credencial."
        ),
    ),
    "not https": (
        "{url} is no address of a Registry: it must begin with https://",
        "{url} no es la dirección de un Registry: debe empezar por https://",
    ),
    "no Registry": (
        "{url} is no address of a Registry, such as https://127.0.0.1:5001",
        "{url} no es la dirección de un Registry, como https://127.0.0.1:5001",
    ),
    "long addresses": (
        "{url} and {address} cannot both stand in a token: see [reach].",
        "{url} y {address} no caben juntas en un token: vea [reach].",
    ),
    # ---- Kafka
    "no CA of Kafka": (
        "`[kafka] ca_file`: {path} holds no certificates in PEM form.",
        "`[kafka] ca_file`: {path} no contiene certificados en forma PEM.",
    ),
    "unread CA of Kafka": (
        "`[kafka] ca_file`: cannot read {path}: {why}.",
        "`[kafka] ca_file`: no se puede leer {path}: {why}.",
    ),
    "no user": (
        "`[kafka] user` is missing: security is {name}",
        "falta `[kafka] user`: la seguridad es {name}",
    ),
    "notify in the clear": (
        "`[notify] {name}` is http://: its token would be read on the way. Use https://.",
        "`[notify] {name}` es http://: su token se leería por el camino. Use https://.",
    ),
    "mail without server": (
        '`[notify] mail_to` needs a mail server, too: set `[notify] smtp`, such as "mail.example.org:587".',
        "`[notify] mail_to` necesita un servidor de correo: ponga `[notify] smtp`, como «mail.example.org:587».",
    ),
    "mail to nobody": (
        "`[notify] smtp` needs to know from whom and to whom: set `mail_from` and `mail_to`.",
        "`[notify] smtp` necesita saber de quién y para quién: ponga `mail_from` y `mail_to`.",
    ),
    "mail without password": (
        "`[notify] smtp_user` needs a password: in {variable}, or in notify.password in the state folder.",
        "`[notify] smtp_user` necesita una contraseña: en {variable}, o en notify.password en la carpeta de estado.",
    ),
    "mail in the clear": (
        "`[notify] smtp_security` none shows the password to whoever listens: set starttls or tls.",
        "`[notify] smtp_security` none enseña la contraseña a quien escuche: ponga starttls o tls.",
    ),
    "cdr of what": (
        "A CDR is made of a ticket: evcharge export tickets --format cdr.",
        "Un CDR se hace de un tique: evcharge export tickets --format cdr.",
    ),
    "one kind of answer": (
        "Give one of --json, --csv and --excel.",
        "Indique uno solo de --json, --csv y --excel.",
    ),
    "clear password": (
        (
            "`[kafka] mechanism` PLAIN without TLS shows the password to whoever listens there: set `security` to "
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
    # ---- the weather
    "timeline": (
        "the timeline {path} is not text, or larger than 1 MiB",
        "la línea de tiempo {path} no es texto, o pasa de 1 MiB",
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
        'after the location stand °C, then wind, then "{storm}"; or "{fails}" alone',
        'detrás del lugar van °C, luego el viento, luego "{storm}"; o "{fails}" solo',
    ),
    "repeat": (
        '"repeat" is followed by a number of seconds',
        '"repeat" va seguido de un número de segundos',
    ),
    "not within": ("{shown} is not {why} from {least} to {most}", "{shown} no es {why} de {least} a {most}"),
    "of seconds": ("a number of seconds", "un número de segundos"),
    "of celsius": ("a temperature in °C", "una temperatura en °C"),
    "of wind": ("a wind in m/s", "un viento en m/s"),
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
        "{path} cannot be read ({why}): further cities begin anew.",
        "no se puede leer {path} ({why}): las demás ciudades empiezan de cero.",
    ),
    "no own alerts": (
        "{path} cannot be read ({why}): every alert passes for ours.",
        "no se puede leer {path} ({why}): toda alerta pasa por nuestra.",
    ),
    "many cities": ("there are {most} further cities already", "ya hay {most} ciudades más"),
    # ---- the demo
    # ---- drills
    "drill, no network": ("the network did not stand in time", "la red no arrancó a tiempo"),
    "drill, no Central": ("Central does not run on this PC.", "Central no se ejecuta en este PC."),
    "drill, another": (
        "another drill runs with {path}. Wait until it ends.",
        "hay otro simulacro con {path}. Espere a que termine.",
    ),
    "drill, damages": (
        "{path} holds no list of damages. Remove it.",
        "{path} no contiene una lista de daños. Bórrelo.",
    ),
    "drill, folder": (
        "{path} cannot be deleted. Delete it by hand.",
        "no se puede borrar {path}. Bórrelo a mano.",
    ),
    "drill, no broker": ("no broker runs on this PC.", "no hay ningún broker en este PC."),
    "no network": (
        "the network did not stand in time; {why}",
        "la red no estuvo en pie a tiempo; {why}",
    ),
    "above": ("its lines above say why", "sus líneas de arriba dicen por qué"),
    "no tickets": (
        "not every ticket was there after {s} s",
        "a los {s} s no estaban todos los tiques",
    ),
    "no state": (
        "the state folder could not be made: {why}",
        "no se pudo hacer la carpeta de estado: {why}",
    ),
    # ---- the end of a process
    "mistake": (
        "stopped by an error in the program itself ({why}). Please report it; --log-level debug shows more.",
        "parado por un error del propio programa ({why}). Comuníquelo, por favor; --log-level debug muestra más.",
    ),
    "clock": (
        "the clock of this computer is wrong now (before 1970, or after 2199): set it, and start again.",
        "el reloj de este equipo va mal ahora (antes de 1970, o después de 2199): póngalo en hora y empiece de nuevo.",
    ),
}
# What is a sentence itself.
_INNER = frozenset({"why", "place"})
# What may have blanks in it; the rest is one word.
_LONG = _INNER | {
    "path",
    "same",
    "state",
    "shown",
    "what",
    "names",
    "command",
    "range",
    "owner",
    "id",
    "when",
}


def translated(text: str, lang: str) -> str:
    """Return an English sentence of ours in `lang`; one that is not known here stays as it is."""
    if lang == DEFAULT_LANGUAGE or lang not in LANGUAGES:
        return text
    column = LANGUAGES.index(lang)
    for words, pattern in _patterns():
        if found := pattern.fullmatch(text):
            values = {
                field: translated(value, lang) if field in _INNER else value
                for field, value in found.groupdict().items()
            }
            return figures(words[column].format_map(values), lang)
    return cause(text, lang)


def in_spanish(text: str) -> str:
    """Return the Spanish of an English sentence of ours; "" for one that is not known here."""
    spanish = translated(text, "es")
    return spanish if spanish != text else ""


def because(text: str) -> Saying:
    """Return an English sentence of ours for a line of a log, which is said in the language of that log."""
    return Saying("cause", {"text": text}, lambda lang, _: translated(text, lang))


@cache
def _patterns() -> list[tuple[Words, re.Pattern[str]]]:
    """Return all sentences with the patterns of their English, those with the most words of their own first."""
    known = [*SENTENCES.values(), *api_answers.SENTENCES.values(), *log_lines.SENTENCES.values()]
    ordered = sorted(known, key=lambda words: -len(re.sub(r"\{.*?\}", "", words[0])))
    return [(words, _pattern(words[0])) for words in ordered]


def _pattern(sentence: str) -> re.Pattern[str]:
    parts = []
    for literal, field, _, _ in string.Formatter().parse(sentence):
        parts.append(re.escape(literal))
        if field is not None:
            shape = ".*" if field == "rest" else ".+?" if field in _LONG else r"\S+?"
            parts.append(f"(?P<{field}>{shape})")
    return re.compile("".join(parts), re.DOTALL)
