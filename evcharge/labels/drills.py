"""What `evcharge drill` says: what it does, where to look and what is seen there, and what must be so."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    "look": ("look at", "mire"),
    "instead": ("instead: {what}", "en su lugar: {what}"),
    "starting up": (
        "Starting a small network for the drills.",
        "Arrancando una red pequeña para los simulacros.",
    ),
    "starting two": (
        "Starting PostgreSQL and a small network with two Centrals for the drills.",
        "Arrancando PostgreSQL y una red pequeña con dos Centrales para los simulacros.",
    ),
    "starting registries": (
        "Starting PostgreSQL and a small network with two Registries for the drills.",
        "Arrancando PostgreSQL y una red pequeña con dos Registry para los simulacros.",
    ),
    "own network": ("a small network of its own", "una red pequeña propia"),
    "no such drill": (
        "There is no drill {given}: choose from {names}, or --all.",
        "No hay ningún simulacro {given}: elija entre {names}, o --all.",
    ),
    "sum": (
        "Passed: {passed}. Failed: {failed}. Not run: {left}.",
        "Superados: {passed}. Fallidos: {failed}. Sin hacer: {left}.",
    ),
    "interrupting": (
        "Stopping: first the network is put back as it was.",
        "Parando: primero la red vuelve a quedar como estaba.",
    ),
    "interrupting own": (
        "Stopping the small network, too.",
        "Parando también la red pequeña.",
    ),
    "interrupted own": (
        "Interrupted: nothing that was started runs any more.",
        "Interrumpido: ya no queda en marcha nada de lo arrancado.",
    ),
    "interrupted": (
        "Interrupted: the network is as it was.",
        "Interrumpido: la red está como estaba.",
    ),
    "report": ("The report is in {path}.", "El informe está en {path}."),
    "no report": (
        "The report cannot be written to {path}: {why}",
        "No se puede escribir el informe en {path}: {why}",
    ),
    # ---- what a drill that was killed has left
    "m stopped process": (
        "An earlier drill was killed: process {pid}, which it had stopped, goes on.",
        "Un simulacro anterior murió: el proceso {pid}, que había parado, continúa.",
    ),
    "m killed central": (
        "An earlier drill was killed: Central, which it had killed, runs again.",
        "Un simulacro anterior murió: Central, que había matado, funciona de nuevo.",
    ),
    "m killed registry": (
        "An earlier drill was killed: the Registry, which it had killed, runs again.",
        "Un simulacro anterior murió: el Registry, que había matado, funciona de nuevo.",
    ),
    "m bad weather": (
        "An earlier drill was killed: its weather alert at {location} is over.",
        "Un simulacro anterior murió: su alerta de tiempo en {location} ha terminado.",
    ),
    "m guests": (
        "An earlier drill was killed: {cp} and {driver} are withdrawn.",
        "Un simulacro anterior murió: {cp} y {driver} están dados de baja.",
    ),
    "m networks": (
        "Small networks that killed drills left, deleted: {count}.",
        "Redes pequeñas que dejaron simulacros muertos, borradas: {count}.",
    ),
    "m nothing more": ("Nothing is left to put right.", "No queda nada por arreglar."),
    "v passed": ("passed", "superado"),
    "v failed": ("FAILED", "FALLIDO"),
    "v not run": ("not run", "sin hacer"),
    # ---- screens
    "s wall": ("the pages (/) or the panel", "las páginas (/) o el panel"),
    "s driver": ("the driver's app", "la app del conductor"),
    "s engine": ("the engine's screen", "la pantalla del motor"),
    "s monitor": ("the monitor's screen", "la pantalla del monitor"),
    "s central": ("Central's terminal", "el terminal de Central"),
    "s centrals": (
        "the terminals of both Centrals, and `evcharge members`",
        "los terminales de ambas Centrales, y `evcharge members`",
    ),
    "s members": ("`evcharge members`", "`evcharge members`"),
    # ---- what each drill shows
    "t engine-crash": (
        "an engine dies while a car charges; nothing that was supplied is lost",
        "un motor muere mientras carga un coche; no se pierde nada de lo suministrado",
    ),
    "t monitor-crash": (
        "a monitor dies; the running charge goes on, and nothing new begins",
        "un monitor muere; la recarga en curso sigue y no empieza nada nuevo",
    ),
    "t driver-crash": (
        "a driver's app dies; the charge goes on, and its ticket waits for it",
        "la app de un conductor muere; la recarga sigue y su tique la espera",
    ),
    "t central-crash": (
        "Central dies; the charge goes on and is billed once",
        "Central muere; la recarga sigue y se factura una vez",
    ),
    "t wrong-key": (
        "a wrong key: messages are not comprehensible until it is right again",
        "una clave incorrecta: los mensajes no son comprensibles hasta que vuelve a ser la correcta",
    ),
    "t revoke": (
        "keys are revoked during a charge, and new ones are given out",
        "se revocan las claves durante una recarga y se dan otras nuevas",
    ),
    "t cold-front": (
        "it freezes where a car charges; good weather gives the point back",
        "hiela donde carga un coche; el buen tiempo devuelve el punto",
    ),
    "t kafka-down": (
        "the broker stops; charging goes on, and events wait",
        "el broker se para; las recargas siguen y los eventos esperan",
    ),
    "t full-disk": (
        "the disk of an engine is full; it takes no charge until there is room",
        "el disco de un motor está lleno; no acepta recargas hasta que haya sitio",
    ),
    "t cut-cable": (
        "the cable between an engine and Central is cut during a charge",
        "se corta el cable entre un motor y Central durante una recarga",
    ),
    "t central-failover": (
        "the Central that leads dies, then freezes; another takes over, and the charge is billed once",
        "muere la Central que dirige, y luego se congela; otra la releva y la recarga se factura una vez",
    ),
    "t registry-failover": (
        "a Registry dies; the other one registers a driver and lets it in; then a frozen one is missed by name",
        "muere un Registry; el otro registra a un conductor y le da acceso; luego se echa de menos a uno congelado",
    ),
    # ---- what it does, and what is seen meanwhile
    "a charge": (
        "{driver} asks for {cp}, and a car is plugged in.",
        "{driver} pide {cp} y se enchufa un coche.",
    ),
    "l charge": (
        "{cp} turns green; power, energy and cost count up each second.",
        "{cp} se pone en verde; potencia, energía y coste suben cada segundo.",
    ),
    "a ask": ("{driver} asks for {cp} again.", "{driver} pide {cp} otra vez."),
    "l ask": ("the request is refused, and says why.", "la petición se rechaza y dice por qué."),
    "a unplug": ("The car is unplugged at {cp}.", "Se desenchufa el coche en {cp}."),
    "l unplug": ("the charge ends, and its ticket comes.", "la recarga termina y llega su tique."),
    "a kill engine": ("The engine of {cp} is killed (kill -9).", "Se mata el motor de {cp} (kill -9)."),
    "l kill engine": (
        "{cp} turns red (Faulted); the monitor says that the engine is lost; the driver is told.",
        "{cp} se pone en rojo (Averiado); el monitor dice que se perdió el motor; se avisa al conductor.",
    ),
    "a start engine": ("The engine of {cp} is started again.", "Se arranca de nuevo el motor de {cp}."),
    "l start engine": (
        "it delivers the final state; the ticket comes, and {cp} is Available.",
        "entrega el estado final; llega el tique y {cp} queda disponible.",
    ),
    "a kill monitor": ("The monitor of {cp} is killed.", "Se mata el monitor de {cp}."),
    "l kill monitor": (
        "{cp} turns grey (Disconnected); the charge goes on.",
        "{cp} se pone en gris (Desconectado); la recarga sigue.",
    ),
    "a start monitor": ("The monitor of {cp} is started again.", "Se arranca de nuevo el monitor de {cp}."),
    "l start monitor": ("{cp} is Available.", "{cp} está disponible."),
    "a kill driver": ("The app of {driver} is killed.", "Se mata la app de {driver}."),
    "l kill driver": ("the charge goes on.", "la recarga sigue."),
    "a start driver": ("The app of {driver} is started again.", "Se arranca de nuevo la app de {driver}."),
    "l start driver": (
        "it shows the ticket of the charge that ended meanwhile.",
        "muestra el tique de entretanto.",
    ),
    "a kill central": ("Central is killed (kill -9).", "Se mata Central (kill -9)."),
    "l kill central": (
        "every program says that Central cannot be reached; the charge goes on within its limit.",
        "todos dicen que no se puede conectar con Central; la recarga sigue dentro de su límite.",
    ),
    "a start central": (
        (
            "Central is started again (in the background if nothing else restarts it: "
            "drill-central.log in the state folder)."
        ),
        (
            "Se arranca Central de nuevo (si nadie más lo hace, en segundo plano: drill-central.log en la "
            "carpeta de "
            "estado)."
        ),
    ),
    "l start central": (
        "all points are Disconnected, then as they were; the charge is there with its energy.",
        "todos los puntos están desconectados y luego como están; la recarga sigue ahí con su energía.",
    ),
    "a kill leader": (
        "The Central that leads is killed (kill -9).",
        "Se mata la Central que dirige (kill -9).",
    ),
    "l kill leader": (
        "the other says that it leads from now on; the driver connects to it; the charge goes on.",
        "la otra dice que dirige desde ahora; el conductor se conecta a ella; la recarga sigue.",
    ),
    "a start leader": (
        "The one that was killed is started again.",
        "Se arranca de nuevo la que se mató.",
    ),
    "l start leader": ("it says who leads, and stands by.", "dice quién dirige, y queda a la espera."),
    "a freeze leader": (
        "The Central that leads now is frozen (SIGSTOP).",
        "Se congela la Central que dirige ahora (SIGSTOP).",
    ),
    "l freeze leader": (
        "its lease is over after 3 s, and the other leads again; the charge goes on.",
        "su plazo vence a los 3 s y la otra vuelve a dirigir; la recarga sigue.",
    ),
    "a go on leader": ("The frozen one goes on.", "La congelada continúa."),
    "l go on leader": (
        "it says that another leads, and stands by: nothing of what it would store is stored.",
        "dice que dirige otra, y queda a la espera: nada de lo que guardaría se guarda.",
    ),
    "a kill registry": (
        "The Registry that is asked first is killed (kill -9).",
        "Se mata el Registry al que se pregunta primero (kill -9).",
    ),
    "l kill registry": (
        "nothing changes for those who are connected; the other Registry goes on.",
        "nada cambia para quien está conectado; el otro Registry sigue.",
    ),
    "a register anew": (
        "{driver} is withdrawn, registered anew, and its app logs in for the first time.",
        "{driver} se da de baja y de alta, y su app accede por primera vez.",
    ),
    "l register anew": (
        "the app connects: the other Registry knows {driver}, and gave it a ticket for Central.",
        "la app se conecta: el otro Registry conoce a {driver} y le dio un tique para Central.",
    ),
    "a start registry": (
        (
            "The Registry is started again (in the background if nothing else restarts it: "
            "drill-registry.log in the state folder)."
        ),
        (
            "Se arranca de nuevo el Registry (si nadie más lo hace, en segundo plano: drill-registry.log en la "
            "carpeta de estado)."
        ),
    ),
    "l start registry": ("no Registry is away.", "no falta ningún Registry."),
    "a freeze registry": (
        "The Registry that is asked first is frozen (SIGSTOP).",
        "Se congela el Registry al que se pregunta primero (SIGSTOP).",
    ),
    "l freeze registry": (
        "an alert names it, and `evcharge members` says since when and why.",
        "un aviso lo nombra, y `evcharge members` dice desde cuándo y por qué.",
    ),
    "a go on registry": ("The frozen Registry goes on.", "El Registry congelado continúa."),
    "l go on registry": ("its alert is over.", "su aviso ha terminado."),
    "a verify": (
        "The books are checked (evcharge audit verify).",
        "Se comprueban los libros (evcharge audit verify).",
    ),
    "l verify": (
        "one charge, one ticket, and a whole chain of events.",
        "una recarga, un tique y una cadena de eventos entera.",
    ),
    "a spoil key": (
        "The credential of {cp} is replaced by a wrong one.",
        "Se cambia la credencial de {cp} por otra.",
    ),
    "l spoil key": (
        "all say that messages are not comprehensible; {cp} is Disconnected.",
        "todos dicen que los mensajes no son comprensibles; {cp} está desconectado.",
    ),
    "a right key": ("The right credential is put back.", "Se devuelve la credencial correcta."),
    "l right key": (
        "all say that it is over; {cp} is Available.",
        "todos dicen que ya pasó; {cp} está disponible.",
    ),
    "a revoke": ("The operator revokes the keys of {cp}.", "El operador revoca las claves de {cp}."),
    "l revoke": (
        "the charge ends with a ticket; {cp} is out; its programs say that they need new keys.",
        "la recarga termina con un tique; {cp} queda fuera; sus programas dicen que necesitan claves nuevas.",
    ),
    "a rotate": (
        "The administrator gives {cp} a new credential.",
        "El administrador da a {cp} una credencial nueva.",
    ),
    "l rotate": (
        "{cp} is Available, and its alert is over.",
        "{cp} está disponible y su aviso ha terminado.",
    ),
    "a freeze over": (
        "Frost is reported at the location of {cp}.",
        "Se informa de que hiela donde está {cp}.",
    ),
    "l freeze over": (
        "{cp} turns orange (Out of Order); the charge ends with a ticket.",
        "{cp} se pone en naranja (Fuera de servicio); la recarga termina con un tique.",
    ),
    "a thaw": ("It thaws.", "Deshiela."),
    "l thaw": ("{cp} is Available.", "{cp} está disponible."),
    "a stop broker": ("The broker is stopped (SIGSTOP).", "Se para el broker (SIGSTOP)."),
    "l stop broker": (
        "a banner and an alert: Kafka down, events waiting; the charge goes on.",
        "un rótulo y un aviso: Kafka caído, eventos en espera; la recarga sigue.",
    ),
    "a go on broker": ("The broker is resumed.", "El broker continúa."),
    "l go on broker": (
        "the events that waited are sent; the alert is over.",
        "se envía lo que esperaba; el aviso termina.",
    ),
    "a fill disk": (
        "An engine of {cp} is started on a disk that is full.",
        "Se arranca un motor de {cp} en un disco lleno.",
    ),
    "l fill disk": (
        "journal full; {cp} turns red (Faulted).",
        "diario lleno; {cp} se pone en rojo (Averiado).",
    ),
    "a free disk": ("The disk has room again.", "El disco vuelve a tener sitio."),
    "l free disk": ("{cp} is Available.", "{cp} está disponible."),
    "a cut cable": (
        "The cable between the engine of {cp} and Central is cut.",
        "Se corta el cable entre el motor de {cp} y Central.",
    ),
    "l cut cable": (
        "{cp} turns red (no link to Central); engine and driver say so; power flows on.",
        "{cp} se pone en rojo (sin conexión con Central); motor y conductor lo dicen; la corriente sigue.",
    ),
    "a mend cable": ("The cable is mended.", "Se arregla el cable."),
    "l mend cable": (
        "the link is back, and so is every mWh that flowed meanwhile.",
        "la conexión vuelve, y con ella cada mWh que fluyó entretanto.",
    ),
    # ---- what must become so
    "e status": ("by the API {cp} is {value}", "según la API {cp} está {value}"),
    "e grows": (
        "by the API the charge at {cp} goes on: its energy grows",
        "según la API la recarga en {cp} sigue: su energía crece",
    ),
    "e ticket": (
        "by the books the charge has one ticket, and no charge is running",
        "según los libros la recarga tiene un tique y no hay ninguna en curso",
    ),
    "e engine says": ("the engine says “{value}”", "el motor dice «{value}»"),
    "e monitor says": ("the monitor says “{value}”", "el monitor dice «{value}»"),
    "e driver says": ("the driver's app says “{value}”", "la app del conductor dice «{value}»"),
    "e api away": ("Central's API does not answer", "la API de Central no responde"),
    "e api back": ("Central's API answers", "la API de Central responde"),
    "e alert": ("the alert {value} is open", "el aviso {value} está abierto"),
    "e no alert": ("the alert {value} is over", "el aviso {value} ha terminado"),
    "e other works": ("another Central takes connections", "otra Central acepta conexiones"),
    "e took over": (
        "by the API another Central leads, because the one before was {value}",
        "según la API dirige otra Central, porque la anterior estaba: {value}",
    ),
    "e stands by": (
        "by the API the one that was broken lives and stands by",
        "según la API la que se rompió vive y queda a la espera",
    ),
    "e other registry": ("another Registry takes connections", "otro Registry acepta conexiones"),
    "e registry away": (
        "by the API the Registry that was broken is away",
        "según la API falta el Registry que se rompió",
    ),
    "e registry back": (
        "by the API the Registry that was broken is there",
        "según la API está el Registry que se rompió",
    ),
    "e verified": (
        "evcharge audit verify finds nothing wrong",
        "evcharge audit verify no encuentra nada mal",
    ),
    # ---- why one is not run
    "n central alone": (
        "there are several Centrals, and another one would take over: run central-failover",
        "hay varias Centrales, y otra la relevaría: haga central-failover",
    ),
    "n two centrals": (
        (
            "there are no two Centrals of which one leads on this PC, with `[reach] other_centrals` and "
            "`other_apis` (docs/CLUSTER.md): start them, or type evcharge drill central-failover --up"
        ),
        (
            "no hay dos Centrales de las que una dirija en este PC, con `[reach] other_centrals` y `other_apis` "
            "(docs/CLUSTER.md): arránquelas, o escriba evcharge drill central-failover --up"
        ),
    ),
    "n two registries": (
        (
            "there are no two Registries of which one runs on this PC, with `[reach] other_registries` "
            "(docs/CLUSTER.md): start them, or type evcharge drill registry-failover --up"
        ),
        (
            "no hay dos Registry de los que uno se ejecute en este PC, con `[reach] other_registries` "
            "(docs/CLUSTER.md): arránquelos, o escriba evcharge drill registry-failover --up"
        ),
    ),
    "n postgres here": (
        (
            "PostgreSQL is not installed here, or its library: apt-get install postgresql, and "
            "pip install 'evcharge[postgres]'"
        ),
        (
            "aquí no está instalado PostgreSQL, o su biblioteca: apt-get install postgresql, y "
            "pip install 'evcharge[postgres]'"
        ),
    ),
    "n central here": (
        (
            "Central is not running on this PC with this state folder (--state DIR), so that it can be killed: "
            "run it there"
        ),
        (
            "Central no se ejecuta en este PC con esta carpeta de estado (--state DIR), para poder matarla: "
            "hágalo allí"
        ),
    ),
    "n broker here": (
        "no broker runs on this PC (type make kafka, and evcharge central --kafka 127.0.0.1:9092)",
        "no hay ningún broker en este PC (escriba make kafka, y evcharge central --kafka 127.0.0.1:9092)",
    ),
    "n small disk": (
        "a small disk cannot be mounted here: run it as root",
        "aquí no se puede montar un disco pequeño: hágalo como root",
    ),
    # ---- the page
    "page title": ("evcharge: report of the drills", "evcharge: informe de los simulacros"),
    "page about": (
        "evcharge {version}, against {network}, begun at {when}.",
        "evcharge {version}, contra {network}, desde {when}.",
    ),
    "page verdict": ("Verdict of all drills that ran:", "Veredicto de todo lo hecho:"),
    "page signed": ("Date, name, signature:", "Fecha, nombre, firma:"),
    "h drill": ("Drill", "Simulacro"),
    "h verdict": ("Verdict", "Veredicto"),
    "h step": ("What was done", "Qué se hizo"),
    "h look": ("Where to look", "Dónde mirar"),
    "h checked": ("What was checked", "Qué se comprobó"),
}
