"""What is wrong with the books in PostgreSQL, or with moving them, in both languages. Pure."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
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
    "moving": (
        (
            "{path} was being moved to {place}, and may be there already: finish that with `{command}`. If it never "
            "got there, delete {mark}."
        ),
        (
            "{path} se estaba llevando a {place}, y puede que ya esté allí: termínelo con `{command}`. Si no llegó "
            "nunca, borre {mark}."
        ),
    ),
    "tables elsewhere": (
        (
            "the Registry's tables are in {place}: set `[registry] database`, or bring them back with "
            "`evcharge migrate --books registry --to file`."
        ),
        (
            "las tablas del Registry están en {place}: ponga `[registry] database`, o tráigalas de vuelta con "
            "`evcharge migrate --books registry --to file`."
        ),
    ),
    "tables twice": (
        (
            "`[registry] database` names {place}, and {path} holds tables, too: move them there with `evcharge "
            "migrate --books registry --to`, or put that file aside."
        ),
        (
            "`[registry] database` indica {place}, y {path} también contiene tablas: llévelas allí con `evcharge "
            "migrate --books registry --to`, o aparte ese fichero."
        ),
    ),
    "no extra": (
        "`[{name}] database` needs the PostgreSQL extra: pip install '{extra}', then start again.",
        "`[{name}] database` necesita el extra de PostgreSQL: pip install '{extra}', y arranque de nuevo.",
    ),
    "no certificates": (
        "{path} is not a readable file of certificates (PEM).",
        "{path} no es un fichero de certificados (PEM) que se pueda leer.",
    ),
    "no password there": (
        "{path} holds no password: save it as UTF-8 text.",
        "{path} no contiene ninguna contraseña: guárdela como texto UTF-8.",
    ),
    "place in use": (
        "{place} is in use by Central {name}. Stop it first, or choose another database.",
        "la Central {name} usa {place}. Párela antes, o elija otra base de datos.",
    ),
    "tables in use": (
        "{place} is in use by a Registry. Stop it first, or choose another database.",
        "un Registry usa {place}. Párelo antes, o elija otra base de datos.",
    ),
    "name in use": (
        "{place} is in use by another Central called {name}. Stop it first, or give this one another --name.",
        "otra Central llamada {name} usa {place}. Párela antes, o dé a esta otro --name.",
    ),
    "name taken": (
        "another Central called {name} has begun on {place}.",
        "otra Central llamada {name} ha empezado en {place}.",
    ),
    "other keys": (
        (
            "the keys of this state folder are not those of Central {name} on {place}: copy its state folder, but "
            "not central/central.db."
        ),
        (
            "las claves de esta carpeta de estado no son las de la Central {name} en {place}: copie su carpeta de "
            "estado, pero no central/central.db."
        ),
    ),
    "books moved": (
        (
            "the books of {place} were moved to {where} (evcharge migrate --to file): what is here is older. Start "
            "Central there, or name an empty database or another schema."
        ),
        (
            "los libros de {place} se llevaron a {where} (evcharge migrate --to file): lo que hay aquí es más "
            "antiguo. Arranque allí la Central, o indique una base de datos vacía u otro esquema."
        ),
    ),
    "books busy": (
        "the books in {state} changed faster than they could be copied: try again.",
        "los libros de {state} cambiaron más rápido de lo que se copiaban: inténtelo de nuevo.",
    ),
    "tables moved": (
        (
            "the Registry's tables of {place} were moved to {where} (evcharge migrate --books registry --to file): "
            "what is here is older. Start the Registry there, or name an empty database or another schema."
        ),
        (
            "las tablas del Registry de {place} se llevaron a {where} (evcharge migrate --books registry --to file): "
            "lo que hay aquí es más antiguo. Arranque allí el Registry, o indique una base de datos vacía u otro "
            "esquema."
        ),
    ),
    "other Registry": (
        (
            "{place} belongs to a network with other keys: {files} of this state folder differ. Copy the state "
            "folder of a Registry there, but not registry/registry.db; if yours replace its keys, start the Registry "
            "once with --new-keys."
        ),
        (
            "{place} es de una red con otras claves: {files} de esta carpeta de estado son distintos. Copie la "
            "carpeta de estado de un Registry de allí, pero no registry/registry.db; si las suyas sustituyen a esas "
            "claves, arranque el Registry una vez con --new-keys."
        ),
    ),
    "other network": (
        (
            "{place} belongs to a network with other keys: {files} of this state folder differ. Copy the state "
            "folder of a Central there, but not central/central.db; if yours replace its keys, start Central once "
            "with --new-keys."
        ),
        (
            "{place} es de una red con otras claves: {files} de esta carpeta de estado son distintos. Copie la "
            "carpeta de estado de una Central de allí, pero no central/central.db; si las suyas sustituyen a esas "
            "claves, arranque la Central una vez con --new-keys."
        ),
    ),
    "place shut": (
        (
            "{place} refuses the login: check the user, and the password in EVCHARGE_DATABASE_PASSWORD or in "
            "{file} of the state folder."
        ),
        (
            "{place} no nos deja entrar: revise el usuario, y la contraseña en EVCHARGE_DATABASE_PASSWORD o en "
            "{file} de la carpeta de estado."
        ),
    ),
    "no database": (
        "{place}: there is no such database. Make it first, or correct `database`.",
        "{place}: no existe esa base de datos. Créela antes, o corrija `database`.",
    ),
    "no tables": (
        "{place}: this user may not create tables there. Let it own the database or the schema.",
        "{place}: este usuario no puede crear tablas. Hágalo dueño de la base de datos o del esquema.",
    ),
    "place full": (
        "{place} accepts no connections at present. Try again in a moment.",
        "{place} no acepta conexiones ahora. Pruebe de nuevo en un momento.",
    ),
    "place not trusted": (
        (
            "{place}: its certificate is not one that we trust for this host. Name the file of its authority "
            "with `database_ca_file`."
        ),
        (
            "{place}: su certificado no es de confianza para este equipo. Indique el certificado de su autoridad en "
            "`database_ca_file`."
        ),
    ),
    "place away": (
        "{place} cannot be reached: is it running, and is `database` its address?",
        "no se llega a {place}: ¿está en marcha, y es `database` su dirección?",
    ),
    "place old": (
        "{place} is version {have}; evcharge needs {least} or newer.",
        "{place} tiene la versión {have}; evcharge necesita la {least} o una posterior.",
    ),
    "place unsafe": (
        (
            "{place} runs with {name} = {value}: what it confirms may be lost. Set {same} = on, then start "
            "again."
        ),
        (
            "{place} funciona con {name} = {value}: lo que confirma puede perderse. Ponga {same} = on y "
            "arranque de nuevo."
        ),
    ),
    "place not UTF-8": (
        "{place} does not store UTF-8. Create the database with ENCODING 'UTF8'.",
        "{place} no guarda UTF-8. Cree la base de datos con ENCODING 'UTF8'.",
    ),
    "place standby": (
        "{place} is a standby, which cannot be written. Name the primary.",
        "{place} es un servidor en espera, en el que no se puede escribir. Indique el primario.",
    ),
    "place no primary": (
        "{place}: none of these servers is the primary at present. Promote one of them.",
        "{place}: ninguno de estos servidores es ahora el primario. Promocione uno de ellos.",
    ),
    "place read-only": (
        "{place} may only be read by this user. Set default_transaction_read_only = off for it.",
        "{place} solo se puede leer con este usuario. Ponga default_transaction_read_only = off para él.",
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
    "place of others": (
        "{place} holds the books of another service: name another schema, as in ?schema={name}.",
        "{place} contiene los libros de otro servicio: indique otro esquema, como en ?schema={name}.",
    ),
    "place other": (
        (
            "{place} has schema {have}, and this evcharge knows {newest}: start `evcharge {name}` once, or "
            "take the evcharge that wrote it."
        ),
        (
            "{place} tiene el esquema {have}, y este evcharge conoce el {newest}: arranque `evcharge {name}` "
            "una vez, o use el evcharge que lo escribió."
        ),
    ),
    "place not empty": (
        "{place} holds books already. Name an empty database, or another schema.",
        "{place} ya contiene libros. Indique una base de datos vacía, u otro esquema.",
    ),
    "place empty": (
        "{place} holds no books. Is it the right database, and the right schema?",
        "{place} no contiene libros. ¿Es la base de datos correcta, y el esquema correcto?",
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
        "{path} is there already: move it aside first.",
        "{path} ya está: apártelo antes.",
    ),
    "from where": (
        "`[{name}] database` is empty: it must say where the books are.",
        "`[{name}] database` está vacío: debe decir dónde están los libros.",
    ),
}
