"""What `--help` says in Spanish: each text of each command and flag, by the English one beside it."""

from collections.abc import Mapping

HEADINGS: Mapping[str, str] = {"Options": "Opciones", "Commands": "Órdenes"}
# What click adds behind a flag.
EXTRAS: Mapping[str, str] = {"[default: ": "[por omisión: ", "[required]": "[obligatorio]"}
# What click calls values and what stands for the rest of a line; our own names of values are those of the docs.
VALUES: Mapping[str, str] = {
    "[OPTIONS]": "[OPCIONES]",
    "COMMAND [ARGS]...": "ORDEN [ARGUMENTOS]...",
    " INTEGER RANGE": " ENTERO",
    " INTEGER": " ENTERO",
    " FLOAT RANGE": " NÚMERO",
    " FLOAT": " NÚMERO",
    " TEXT": " TEXTO",
    " FILENAME": " FICHERO",
}

SPANISH: Mapping[str, str] = {
    "Show this message and exit.": "Muestra este mensaje y termina.",
    "Show the version and exit.": "Muestra la versión y termina.",
    "An electric-vehicle charging network: Registry, Central, charging points, drivers.": (
        "Una red de recarga de vehículos eléctricos: Registry, Central, puntos de recarga y conductores."
    ),
    "`evcharge up` shows all of it on this PC. Every setting is a line of config.toml and an environment variable "
    "(EVCHARGE_CENTRAL__PORT); those that people type are flags, too.": (
        "`evcharge up` la muestra entera en este PC. Cada ajuste es una línea de config.toml y una variable de entorno "
        "(EVCHARGE_CENTRAL__PORT); los que se suelen escribir a mano son también opciones."
    ),
    "Stop when the pipe with this number closes.": "Para cuando se cierra la tubería de este número.",
    # ---- the folder and the roles
    "Make the state folder: CA, certificates, keys, the first admin.": (
        "Crea la carpeta de estado: CA, certificados, claves y el primer administrador."
    ),
    "Make the certificates anew with this name, too; may be repeated. Keys stay.": (
        "Rehace los certificados también con este nombre; puede repetirse. Las claves quedan."
    ),
    "Make the certificates anew, with the names they have.": "Rehace los certificados con los nombres que tienen.",
    "Also register CP_001 to CP_005, and DRIVER1 and DRIVER2 with money: for courses, in a network of its own.": (
        "Registra además CP_001 a CP_005, y DRIVER1 y DRIVER2 con saldo: para cursos, en una red propia."
    ),
    "A further host name for the certificates; may be repeated.": (
        "Otro nombre de equipo para los certificados; puede repetirse."
    ),
    "Settings file instead of ./config.toml.": "Fichero de ajustes en lugar de ./config.toml.",
    "State folder: keys, databases, journals.": "Carpeta de estado: claves, bases de datos y diarios.",
    "text or json.": "text o json.",
    "debug, info, warning or error.": "debug, info, warning o error.",
    "Language of terminals, and of pages whose reader's browser asks for none that they speak: en or es.": (
        "Idioma de los terminales, y de las páginas si el navegador no pide ninguno que hablen: en o es."
    ),
    "Run the Registry (HTTPS): registers charging points and drivers, gives out login tickets.": (
        "Ejecuta el Registry (HTTPS): registra puntos y conductores y da credenciales temporales."
    ),
    "Address to listen on.": "Dirección en la que escucha.",
    "Port to listen on; 0 takes any free one.": "Puerto en el que escucha; 0 toma uno libre.",
    "Run Central, the control room.": "Ejecuta Central, la sala de control.",
    "Use tables in PostgreSQL with other keys: those here replace them.": (
        "Usar tablas en PostgreSQL con otras claves: las de aquí las sustituyen."
    ),
    "Lead books in PostgreSQL with other keys: those here replace them.": (
        "Dirigir libros en PostgreSQL con otras claves: las de aquí las sustituyen."
    ),
    "The wall with a command line, on the whole terminal.": (
        "El panel con una línea de órdenes, en toda la terminal."
    ),
    "Address of the API for operators.": "Dirección de la API para operadores.",
    "Its port; 0 takes any free one.": "Su puerto; 0 toma uno libre.",
    "Where the Registry is.": "Dónde está el Registry.",
    "Where the brokers are, if there are any.": "Dónde están los brokers, si los hay.",
    "Run the engine of charging point CP_ID: contactor, meter and the simulated car.": (
        "Ejecuta el motor del punto de recarga CP_ID: contactor, contador y el coche simulado."
    ),
    "Where Central is, or where several are.": "Dónde está Central, o dónde están varias.",
    "Address on which its monitor asks.": "Dirección en la que pregunta su monitor.",
    "Port on which its monitor asks; 0 takes any free one.": (
        "Puerto en el que pregunta su monitor; 0 toma uno libre."
    ),
    "Where it stands.": "Dónde está.",
    "Simulated seconds in one real second.": "Segundos simulados en cada segundo real.",
    "File of timed steps to play.": "Fichero de pasos con su hora.",
    "Plug in by itself so long after a start.": "Se enchufa solo tanto tiempo después de un inicio.",
    "How live figures travel: stream or kafka.": "Por dónde viajan las cifras en vivo: stream o kafka.",
    "Unplug by itself so long after that.": "Se desenchufa solo tanto tiempo después.",
    "Run the monitor of charging point CP_ID: it asks the engine every second, and tells Central.": (
        "Ejecuta el monitor del punto de recarga CP_ID: pregunta al motor cada segundo e informa a Central."
    ),
    "Where its engine answers.": "Dónde responde su motor.",
    "Run the weather service: bad weather puts the charging points of a location out of order.": (
        "Ejecuta el servicio del clima: el mal tiempo deja fuera de servicio los puntos de un lugar."
    ),
    "Where Central's API is.": "Dónde está la API de Central.",
    "openweather, openmeteo, simulate or auto.": "openweather, openmeteo, simulate o auto.",
    "Timeline to play instead of asking anybody.": "Secuencia que se reproduce en lugar de preguntar a nadie.",
    "How often Central is told.": "Cada cuánto se informa a Central.",
    "Run a driver's app (evcharge driver D01), or look after who may drive.": (
        "Ejecuta la app de un conductor (evcharge driver D01), o gestiona quién puede serlo."
    ),
    "Run the app of driver DRIVER_ID, by hand or from a file of requests.": (
        "Ejecuta la app del conductor DRIVER_ID, a mano o con un fichero de solicitudes."
    ),
    "File of requests, one charging point a line.": "Fichero de solicitudes, un punto de recarga por línea.",
    "Wait between the services of a file.": "Espera entre los servicios de un fichero.",
    "Misbehave on purpose, for labs and tests: drops, double clicks, half frames.": (
        "Se porta mal a propósito, para prácticas y pruebas: cortes, dobles clics, mensajes a medias."
    ),
    # ---- who may take part
    "Register ID and show its credential, once.": "Registra ID y muestra su credencial una sola vez.",
    "Keep the credential in this PC's state folder: it runs here.": (
        "Guarda la credencial en la carpeta de estado de este PC: se ejecuta aquí."
    ),
    "Which administrator.": "Qué administrador.",
    "Print the answer as JSON, for programs.": "Muestra la respuesta en JSON, para programas.",
    "List who is registered.": "Lista quién está registrado.",
    "Give ID no more login tickets; those it has are void at once.": (
        "No da más credenciales temporales a ID; las que tiene dejan de valer."
    ),
    "Let ID get login tickets again.": "Vuelve a dar credenciales temporales a ID.",
    "Replace the credential of ID and show the new one, once.": (
        "Cambia la credencial de ID y muestra la nueva una sola vez."
    ),
    "Take ID out of the network: its keys are void, its charge ends, what it did stays in the books.": (
        "Saca ID de la red: sus claves no valen, su recarga termina y lo que hizo queda en los libros."
    ),
    "Do not ask.": "No pregunta.",
    "Look after which charging points may take part.": "Gestiona qué puntos de recarga participan.",
    "Change what a kWh costs at CP_ID, or where it stands.": "Cambia lo que cuesta un kWh en CP_ID, o dónde está.",
    "What a kWh costs from now on; a running charge keeps its price.": (
        "Lo que cuesta un kWh desde ahora; una recarga en curso conserva su precio."
    ),
    "Where it stands: its engine, its monitor and the Registry follow.": (
        "Dónde está: su motor, su monitor y el Registry lo adoptan."
    ),
    # ---- orders
    "Put charging point CP_ID (or --all) out of order; what it supplies ends, with its ticket.": (
        "Deja CP_ID (o --all) fuera de servicio; lo que suministra termina, con su tique."
    ),
    "List the Centrals that share one PostgreSQL, and the Registries: who leads, who is away, since when, and why.": (
        "Lista las Centrales que comparten un PostgreSQL, y los Registry: quién dirige, quién falta, desde cuándo y "
        "por qué."
    ),
    "What it is called among several on one PostgreSQL.": "Cómo se llama entre varias en un PostgreSQL.",
    "Every charging point.": "Todos los puntos de recarga.",
    "How the order travels.": "Por dónde viaja la orden.",
    "Lift the operator's hold of CP_ID (or --all). Weather, faults, new journals and revoked keys stay.": (
        "Levanta la retención del operador de CP_ID (o --all). "
        "Las del tiempo, las averías, los diarios nuevos y las claves revocadas siguen."
    ),
    "Withdraw the keys of CP_ID: it is out of service until it registers again.": (
        "Revoca las claves de CP_ID: queda fuera de servicio hasta que se registre de nuevo."
    ),
    "Block DRIVER_ID from charging, or lift the block (--lift). Its running charge ends.": (
        "Impide recargar a DRIVER_ID, o se lo permite de nuevo (--lift). Su recarga en curso termina."
    ),
    "Let it charge again.": "Le deja cargar de nuevo.",
    "Let the charging points in LOCATION work in spite of its weather alerts, or no longer (--lift).": (
        "Permite que los puntos de LOCATION funcionen pese a sus alertas del tiempo, o lo anula (--lift)."
    ),
    "Heed the weather again.": "Vuelve a hacer caso del tiempo.",
    "Start a charge at CP_ID for a driver who stands there; the rules are those of its own request.": (
        "Inicia una recarga en CP_ID para un conductor que está allí; las reglas son las de su propia solicitud."
    ),
    "For whom: its wallet pays.": "Para quién: paga su monedero.",
    "It ends after so much energy, such as 5.": "Termina tras tanta energía, por ejemplo 5.",
    "It ends after so much money, such as 3.": "Termina tras tanto dinero, por ejemplo 3.",
    "End one charge, by its session or by where it runs; the charging point stays in service.": (
        "Termina una recarga, por su sesión o por dónde está; el punto de recarga sigue en servicio."
    ),
    # ---- files
    "Write all sessions or tickets that fit as one file, however many they are; the newest first.": (
        "Escribe en un fichero todas las sesiones o los tiques que encajan, por muchos que sean; primero el último."
    ),
    "csv and json for programs; cdr: Charge Detail Records of OCPI 2.2.1, of tickets.": (
        "csv y json para programas; cdr: registros de recarga (CDR) de OCPI 2.2.1, de los tiques."
    ),
    "Ended on this day of the network, such as 2026-11-01, or at this instant, or later.": (
        "Terminadas este día de la red, por ejemplo 2026-11-01, o en este instante, o después."
    ),
    "Ended by the end of this day, or by this instant.": "Terminadas hasta el final de este día o este instante.",
    "Write to FILE, which is there when all of it is; without: print it.": (
        "Escribe en FILE, que está cuando está entero; sin ella, por pantalla."
    ),
    "Read the books in the state folder; Central need not run.": (
        "Lee los libros de la carpeta de estado; Central puede estar parada."
    ),
    # ---- lists
    "List the charging points as they are now.": "Lista los puntos de recarga tal como están ahora.",
    "List sessions, the newest first; as a file (--csv, --excel): all that fit.": (
        "Lista las sesiones, primero la más reciente; como fichero (--csv, --excel), todas las que encajan."
    ),
    "Only of this charging point.": "Solo de este punto de recarga.",
    "Only of this driver.": "Solo de este conductor.",
    "How many.": "Cuántos.",
    "Go on where an earlier list ended.": "Sigue donde terminó una lista anterior.",
    "Print a file of values with commas, for programs.": "Escribe un fichero de valores con comas, para programas.",
    "Print such a file for people, as a spreadsheet in your language opens it (--lang es: ; and 0,25).": (
        "Escribe ese fichero para personas, como lo abre una hoja de cálculo en su idioma (--lang es: ; y 0,25)."
    ),
    "List tickets, the newest first; as a file (--csv, --excel): all that fit.": (
        "Lista los tiques, primero el más reciente; como fichero (--csv, --excel), todos los que encajan."
    ),
    "List what is wrong, then what was solved of late.": "Lista lo que va mal y después lo resuelto últimamente.",
    "Take it: every screen names you until it ends.": (
        "Se ocupa de él: todas las pantallas muestran su nombre hasta que termine."
    ),
    "Leave one that was taken.": "Deja uno del que se ocupaba alguien.",
    "Close one that nothing else would end.": "Cierra uno que no terminaría solo.",
    "Add up the tickets of a month, corrections included, by driver or by charging point.": (
        "Dice lo que suman los tiques de un mes, con sus correcciones, por conductor o por punto de recarga."
    ),
    "Such as 2026-11; if left out, this month.": "Por ejemplo 2026-11; si falta, el mes actual.",
    "A row for each driver, or for each charging point.": "Una fila por conductor, o por punto de recarga.",
    # ---- money
    "Put EUROS (such as 20 or 12.50) into the wallet of DRIVER_ID.": (
        "Ingresa EUROS (por ejemplo 20 o 12,50) en el monedero de DRIVER_ID."
    ),
    "The same reference again counts once. Default: a new one.": (
        "La misma referencia cuenta una sola vez. Por omisión, una nueva."
    ),
    "End SESSION_ID, whose engine does not come back: billed at its last meter, or the money goes back.": (
        "Termina SESSION_ID, cuyo motor no vuelve: se cobra por su último contador, o se devuelve el dinero."
    ),
    "Put EUROS into the wallet of DRIVER_ID, or take them out (such as -19.80), with a reason.": (
        "Ingresa EUROS en el monedero de DRIVER_ID o los saca (por ejemplo -19,80), con un motivo."
    ),
    "Why; the driver reads it.": "Por qué; el conductor lo lee.",
    "Of what this session cost: its ticket is corrected.": "De lo que costó esta sesión: se corrige su tique.",
    "Give back what the ticket of SESSION_ID costs, or EUROS of it.": (
        "Devuelve lo que cuesta el tique de SESSION_ID, o solo EUROS."
    ),
    "Pay out what is free in the wallet of DRIVER_ID, or EUROS of it; also of one that was withdrawn.": (
        "Paga lo que queda libre en el monedero de DRIVER_ID, o solo EUROS; también si se dio de baja."
    ),
    "Whose: the wallet that this registration of the id left.": (
        "De quién: el monedero que dejó este registro del identificador."
    ),
    # ---- accounts
    "Look after who may log in on Central's pages.": "Gestiona quién puede entrar en las páginas de Central.",
    "Let NAME log in; its password is shown once. A driver's NAME is its id, such as D01.": (
        "Deja entrar a NAME; su contraseña se muestra una vez. El NAME de un conductor es su id, como D01."
    ),
    "What it may.": "Lo que puede hacer.",
    "List the accounts.": "Lista las cuentas.",
    "Give NAME another password, shown once; it is logged out everywhere.": (
        "Da a NAME otra contraseña, que se muestra una vez; se cierran todas sus sesiones."
    ),
    "Make a link that logs NAME in with one click, once, within an hour; only where the pages are on 127.0.0.1.": (
        "Crea un enlace con el que NAME entra con un clic, una vez, en una hora; "
        "solo donde las páginas están en 127.0.0.1."
    ),
    "Give NAME another role; it is logged out everywhere.": "Da a NAME otro papel; se cierran todas sus sesiones.",
    "Stop NAME logging in; it is logged out everywhere.": "NAME ya no puede entrar; se cierran todas sus sesiones.",
    "Look after the tokens with which programs use Central's API.": (
        "Gestiona los tokens con los que los programas usan la API de Central."
    ),
    "Make a token for the program NAME; it is shown once.": "Crea un token para el programa NAME; se muestra una vez.",
    "List the tokens by name; not the tokens themselves.": "Lista los tokens por su nombre, no los tokens mismos.",
    "Make the token of the program NAME void.": "Anula el token del programa NAME.",
    # ---- books
    "Copy the books of Central and Registry into the new FILE, also while they run.": (
        "Copia los libros de Central y del Registry en el nuevo FILE, también mientras funcionan."
    ),
    "Also the keys and tokens, sealed under a passphrase.": (
        "También las claves y los tokens, sellados con una frase de paso."
    ),
    "Read the passphrase from the first line of FILE instead of asking for it.": (
        "Lee la frase de paso de la primera línea de FILE en lugar de preguntarla."
    ),
    "Move Central's books into PostgreSQL, or back into the state folder; stop their owner first.": (
        "Lleva los libros de la Central a PostgreSQL, o de vuelta a la carpeta de estado; pare antes a su dueño."
    ),
    "Whose: Central's books, or the Registry's tables.": (
        "De quién: los libros de la Central, o las tablas del Registry."
    ),
    "postgresql://user@host:port/name without a password, or file: back into the state folder.": (
        "postgresql://usuario@equipo:puerto/nombre sin contraseña, o file: de vuelta a la carpeta de estado."
    ),
    "Put the books of the backup FILE back; Central and Registry must not run. What they replace is kept aside.": (
        "Recupera los libros de la copia FILE; Central y el Registry deben estar parados. "
        "Lo que reemplazan se guarda aparte."
    ),
    "Print what has happened, oldest first.": "Muestra lo que ha pasado, primero lo más antiguo.",
    "Go on with what happens from now on, until Ctrl+C.": "Sigue con lo que pase desde ahora, hasta Ctrl+C.",
    "Only these, such as TicketMade.": "Solo estos, por ejemplo TicketMade.",
    "Only those in this state.": "Solo las que están en este estado.",
    "Where they are read: at Central's API, or in Kafka.": "De dónde se leen: de la API de la Central, o de Kafka.",
    "How many of the last ones.": "Cuántos de los últimos.",
    "One JSON object a line, for programs.": "Un objeto JSON por línea, para programas.",
    "Work with the record of everything that happened.": "Cuida el registro de todo lo que ha pasado.",
    "Check that the books are what was written: every row, sum and anchor; name what is not.": (
        "Comprueba que los libros son lo que se escribió: cada fila, suma y ancla; nombra lo que no cuadra."
    ),
    "A kept log of Central or the Registry: its anchors are compared, too. May be repeated.": (
        "Un registro guardado de Central o del Registry: se comparan también sus anclas. Puede repetirse."
    ),
    # ---- is it well
    "Ask the processes of this state folder, or those of a ROLE (central, cp-engine.CP001), how they are.": (
        "Pregunta a los procesos de esta carpeta de estado, o a los de un ROLE (central, cp-engine.CP001), cómo están."
    ),
    "One sentence each; 0 when all are well, 1 when one is not, or none runs.": (
        "Una frase de cada uno; 0 si todos están bien, 1 si uno no lo está o no hay ninguno."
    ),
    "How long each may take to answer.": "Cuánto puede tardar cada uno en responder.",
    "Say what is wrong with this PC and with its ways to the others, and what to type.": (
        "Dice qué va mal en este PC y en sus caminos a los demás, y qué escribir."
    ),
    "It changes nothing and logs nobody in. 0 when nothing is wrong, else 1.": (
        "No cambia nada ni inicia ninguna sesión. 0 si nada va mal; si no, 1."
    ),
    "How long each question may take.": "Cuánto puede tardar cada pregunta.",
    "List the ports that each ROLE listens on and goes to, and what opens them on this PC.": (
        "Lista los puertos en los que escucha cada ROLE y a los que va, y qué los abre en este PC."
    ),
    "Break the network on purpose, say where to look, check that it comes back; without a DRILL, list them.": (
        "Rompe la red a propósito, dice dónde mirar y comprueba que se recupera; sin un DRILL, los lista."
    ),
    "It brings a charging point and a driver of its own, and leaves the network as it found it; what a drill that "
    "was killed has left is put right first. 0 when all that was run has passed, 1 when something failed or nothing "
    "could be run.": (
        "Trae un punto de recarga y un conductor propios, y deja la red como la encontró; lo que dejó un ejercicio "
        "que murió se arregla antes. 0 si todo lo que se hizo salió bien, 1 si algo falló o no se pudo hacer nada."
    ),
    "Every drill, one after the other.": "Todos los ejercicios, uno tras otro.",
    "Only put right what a drill that was killed has left.": "Solo arregla lo que dejó un ejercicio que murió.",
    "Start a small network of its own for them.": "Arranca una pequeña red propia para ellos.",
    "Write an HTML page: what was done, what was seen, the verdict.": (
        "Escribe una página HTML: lo que se hizo, lo que se vio y el veredicto."
    ),
    "How long each expected effect may take to appear.": "Cuánto puede tardar en verse cada efecto esperado.",
    # ---- a fleet
    "Load a Central with thousands of simulated charging points in this one process, and say how it fared.": (
        "Carga una Central con miles de puntos de recarga simulados en este único proceso y dice cómo le fue."
    ),
    "It needs Central's own state folder. SIM00001 and so on stay in its books: let it be a network "
    "for trying out.": (
        "Necesita la carpeta de estado de la propia Central. SIM00001 y los demás quedan en sus libros: "
        "que sea una red de pruebas."
    ),
    "Simulated charging points.": "Puntos de recarga simulados.",
    "What happens to them (TOML): blackout, surge, flapping, faults, cold.": (
        "Qué les ocurre (TOML): blackout, surge, flapping, faults, cold."
    ),
    "How long, instead of what the scenario says.": "Cuánto dura, en lugar de lo que dice el escenario.",
    "Who is struck, repeatably.": "A quién le toca, de forma repetible.",
    # ---- the demo, other PCs
    "Show the whole network on this PC, in real processes over real sockets.": (
        "Muestra la red entera en este PC, en procesos reales por sockets reales."
    ),
    "Charging points.": "Puntos de recarga.",
    "Demo drivers.": "Conductores de demostración.",
    "End when every demo driver has its tickets.": "Termina cuando cada conductor tiene sus tiques.",
    "Show every line of every part.": "Muestra cada línea de cada parte.",
    "Make a token with which another PC joins: evcharge join TOKEN.": (
        "Crea un token con el que otro PC se une: evcharge join TOKEN."
    ),
    "Make a token for charging point CP_ID (engine and monitor); a known one gets a new credential.": (
        "Crea un token para el punto de recarga CP_ID (motor y monitor); uno conocido recibe una credencial nueva."
    ),
    "How long it is good for.": "Cuánto tiempo vale.",
    "Where the other PC finds this one, when not 127.0.0.1.": "Dónde encuentra el otro PC a este, si no es 127.0.0.1.",
    "Make a token for driver DRIVER_ID; a known one gets a new credential.": (
        "Crea un token para el conductor DRIVER_ID; uno conocido recibe una credencial nueva."
    ),
    "Join a network with TOKEN from evcharge invite; without it, it is asked for (or read from a pipe).": (
        "Se une a una red con el TOKEN de evcharge invite; si falta, lo pregunta (o lo lee de una tubería)."
    ),
    "Also when this state folder knows other addresses, or another network.": (
        "También cuando esta carpeta de estado conoce otras direcciones, u otra red."
    ),
    "Start it here at once: the driver, or the engine of the charging point.": (
        "Lo arranca aquí enseguida: el conductor, o el motor del punto de recarga."
    ),
}


def translated(text: str) -> str | None:
    """Return the Spanish of a help text, or of its beginning where click has cut it; None: it is unknown."""
    text = " ".join(text.split())
    if text in SPANISH:
        return SPANISH[text]
    # A command's list shows the first sentence, without its full stop, or cut off with "...".
    beginning = text.removesuffix("...").rstrip()
    return next(
        (spanish for english, spanish in SPANISH.items() if beginning and english.startswith(beginning)), None
    )
