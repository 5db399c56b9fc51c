"""What a charging point's engine and monitor say: their plain lines, and their screens."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    # ---- lines of both
    "connected": ("connected to {where}", "conectado a {where}"),
    "central at": ("CENTRAL at {where}", "CENTRAL en {where}"),
    "central hands over": ("{where} hands over to another one", "{where} cede el mando a otra"),
    "central lost": ("the link to {where} was lost: {why}", "se perdió la conexión con {where}: {why}"),
    "central missing": ("Cannot connect to {where}: {why}", "Imposible conectar con {where}: {why}"),
    "charge goes on": ("(the running charge goes on)", "(la recarga en curso continúa)"),
    "it ended": ("it ended", "terminó"),
    "central says": ("CENTRAL says: {text}", "CENTRAL dice: {text}"),
    "new credential": (
        "{cp_id} has a new credential: logging in again",
        "{cp_id} tiene una credencial nueva: se identifica de nuevo",
    ),
    "bad credential": (
        "the credential cannot be used: {why}",
        "la credencial no se puede usar: {why}",
    ),
    "wrong service key": (
        "Wrong key: the service.key of Central is not the Registry's. Copy it from there and restart Central.",
        "Clave incorrecta: la service.key de Central no es la del Registry. Cópiela de allí y reinicie Central.",
    ),
    "wrong credential": (
        "Wrong key: put the credential that the Registry knows into the file secret, or authenticate at the monitor.",
        "Clave incorrecta: ponga en el fichero secret la credencial del Registry, o autentique en el monitor.",
    ),
    "not renewed": (
        "the ticket cannot be renewed: {why}",
        "la credencial temporal no se puede renovar: {why}",
    ),
    "moved": ("{cp_id} is now in {location}", "{cp_id} está ahora en {location}"),
    "withheld": ("Out of Order at Central: {why}", "Fuera de servicio en Central: {why}"),
    "held operator": ("an operator stopped it", "lo paró un operador"),
    "held weather": ("the weather there", "el tiempo que hace"),
    "held journal": (
        "its journal is new: an operator must confirm that",
        "su diario es nuevo: un operador debe confirmarlo",
    ),
    "in service again": ("In service again at Central", "De nuevo en servicio en Central"),
    "elsewhere": (
        (
            "the engine of {cp_id} was started for {said}; the network has it in {location}. If it is not there: "
            "evcharge cp set {cp_id} --location; if it is, start the engine with that --location"
        ),
        (
            "el motor de {cp_id} se inició para {said}; la red lo tiene en {location}. Si no está ahí: "
            "evcharge cp set {cp_id} --location; si está, inicie el motor con esa --location"
        ),
    ),
    # ---- lines of the engine
    "health port open": (
        "{cp_id} health port listening on {at}",
        "{cp_id} puerto de salud: escucha en {at}",
    ),
    "engine stopped": ("{cp_id} engine stopped", "{cp_id} motor parado"),
    "start received": (
        "START received: session {session} of {driver}, at most {kwh} kWh",
        "START recibido: sesión {session} de {driver}, como máximo {kwh} kWh",
    ),
    "waiting for plug": ("waiting for the plug, at most {s} s", "pendiente de enchufar, como máximo {s} s"),
    "stop received": ("STOP received: {reason}", "STOP recibido: {reason}"),
    "already plugged": ("a car is already plugged in", "ya hay un coche enchufado"),
    "plugged": (
        "plugged in: a car with {percent} % in its battery",
        "enchufado: un coche con la batería al {percent} %",
    ),
    "plugged, waits for central": (
        "waiting for CENTRAL before power can flow",
        "esperando a CENTRAL antes de dar corriente",
    ),
    "no car": ("no car is plugged in", "no hay ningún coche enchufado"),
    "unplugged": ("unplugged", "desenchufado"),
    "broken": ("KO: the charging point is broken", "KO: el punto de recarga está averiado"),
    "mended": ("OK: the charging point is mended", "OK: el punto de recarga está reparado"),
    "supplying": ("supplying session {session} of {driver}", "suministrando la sesión {session} de {driver}"),
    "session ended": (
        "session {session} of {driver} ended with {kwh} kWh: {reason}",
        "la sesión {session} de {driver} terminó con {kwh} kWh: {reason}",
    ),
    "session refused": ("session {session} is refused: {reason}", "sesión {session} rechazada: {reason}"),
    "old journal": (
        (
            "the journal is older than Central knows (record {last} < {known}): an old disk? "
            "A new journal begins; Central will estimate what is missing"
        ),
        (
            "el diario es más antiguo de lo que Central sabe (registro {last} < {known}): ¿un disco antiguo? "
            "Empieza un diario nuevo; Central estimará lo que falta"
        ),
    ),
    "records gone": (
        (
            "Central lacks records from {missing} on, and they are no longer here (the oldest is {first}). "
            "A new journal begins with what there is"
        ),
        (
            "A Central le faltan registros desde el {missing} y ya no están aquí (el más antiguo es el {first}). "
            "Empieza un diario nuevo con lo que hay"
        ),
    ),
    "sessions dropped": (
        "journal: sessions that Central has had for a week were dropped",
        "diario: se borraron las sesiones que Central tiene desde hace una semana",
    ),
    "journal full": (
        "journal full: the disk has no room for a charge, free some space",
        "diario lleno: el disco no tiene sitio para una recarga, libere espacio",
    ),
    "journal has room": (
        "the disk has room for the journal again",
        "el disco vuelve a tener sitio para el diario",
    ),
    "power is off": ("{why}; the power is off", "{why}; la corriente está cortada"),
    "monitor gone": (
        "nobody asks how this engine is: no new charge can begin; is its monitor running?",
        "nadie pregunta por este motor: no puede empezar otra recarga; ¿está en marcha su monitor?",
    ),
    "monitor back": ("its monitor asks again", "su monitor vuelve a preguntar"),
    "manual asked": ("asking CENTRAL to let {driver} charge", "pidiendo a CENTRAL una recarga para {driver}"),
    "manual confirming": (
        "waiting for {driver} to confirm, in its app or on its page: at most {s} s",
        "esperando a que {driver} lo confirme, en su aplicación o su página: como máximo {s} s",
    ),
    "manual waits for driver": (
        "{driver} has already been asked: wait until it confirms, or time runs out",
        "ya se ha preguntado a {driver}: espere a que confirme o a que acabe su tiempo",
    ),
    "manual granted": ("CENTRAL lets {driver} charge", "CENTRAL autoriza la recarga de {driver}"),
    "manual refused": ("{driver} refused: {why}", "{driver} denegado: {why}"),
    "manual without central": (
        "{phrase}: no charge can begin now",
        "{phrase}: ahora no puede empezar ninguna recarga",
    ),
    "manual lost": (
        "CENTRAL has not answered about {driver}: ask again when it is back",
        "CENTRAL no ha respondido sobre {driver}: pregunte de nuevo cuando vuelva",
    ),
    "manual busy": (
        "this charging point is in use: end that charge first",
        "este punto de recarga está en uso: termine antes esa recarga",
    ),
    "manual waits": (
        "CENTRAL has already been asked about {driver}: wait for its answer",
        "ya se ha preguntado a CENTRAL por {driver}: espere su respuesta",
    ),
    "manual needs driver": (
        'whose charge? Type the driver\'s id, and its PIN if it has one: "manual D01" or "manual D01 4711"',
        "¿de quién es la recarga? Escriba el id del conductor, y su PIN si lo tiene: «manual D01» o «manual D01 4711»",
    ),
    "engine help": (
        "type plug, unplug, break, mend or quit (also: manual D01, ko, ok, status, faults)",
        "escriba plug, unplug, break, mend o quit (también: manual D01, ko, ok, status, faults)",
    ),
    "engine status": (
        "{cp_id} {state}; {car}; Central: {central}; meter {kwh} kWh, journal record {seq}",
        "{cp_id} {state}; {car}; Central: {central}; contador {kwh} kWh, registro {seq} del diario",
    ),
    "engine status, supplying": (
        "{cp_id} {state} {driver}: {kw} kW, {kwh} kWh, {euros} €; Central: {central}",
        "{cp_id} {state} a {driver}: {kw} kW, {kwh} kWh, {euros} €; Central: {central}",
    ),
    # ---- words of the engine's screen
    "engine title": ("Charging point {cp_id}", "Punto de recarga {cp_id}"),
    "engine": ("engine", "motor"),
    "idle": ("Idle: waiting for a request", "Libre: esperando una petición"),
    "pending": ("Authorised: plug in", "Autorizado: enchufe el vehículo"),
    "charging": ("Charging", "Suministrando"),
    "fault": ("Out of service: {fault}", "Fuera de servicio: {fault}"),
    "broken (KO)": ("broken (KO)", "averiado (KO)"),
    "fault journal full": ("journal full", "diario lleno"),
    "car": ("car", "coche"),
    "car at": ("plugged in, battery {percent} %", "enchufado, batería al {percent} %"),
    "no car here": ("not plugged in", "sin enchufar"),
    "health": ("health port", "monitor"),
    "no monitor": ("nobody asks: is the monitor running?", "nadie pregunta: ¿está en marcha el monitor?"),
    "one monitor": ("its monitor asks", "pregunta cada segundo"),
    "monitors": ("{count} monitors ask; one is enough", "{count} monitores preguntan; basta con uno"),
    "in step": ("connected", "conectado"),
    "meter": ("meter", "contador"),
    "meter value": ("{kwh} kWh in all, journal record {seq}", "{kwh} kWh en total, registro {seq}"),
    "to deliver": ("not yet at Central", "aún no está en Central"),
    "driver": ("driver", "conductor"),
    "power": ("power", "potencia"),
    "energy": ("energy", "energía"),
    "cost": ("cost", "coste"),
    "limit": ("limit", "límite"),
    "battery": ("battery", "batería"),
    "confirms within": ("has {s} s to confirm", "tiene {s} s para confirmar"),
    "plug within": ("plug in within {s} s", "enchufe antes de {s} s"),
    "messages": ("Messages", "Mensajes"),
    "nothing yet": ("nothing yet", "nada todavía"),
    "key p": ("plug", "enchufar"),
    "key u": ("unplug", "desenchufar"),
    "key m": ("manual start", "inicio manual"),
    "key k": ("KO", "KO"),
    "key k, broken": ("OK", "OK"),
    "key s": ("status", "estado"),
    "key l": ("list", "lista"),
    "key q": ("quit", "salir"),
    "ask driver": ("Driver id (Esc: none):", "Id del conductor (Esc: ninguno):"),
    "ask pin": (
        "PIN of {driver} (Enter: it confirms in its app or on its page; Esc: no start):",
        "PIN de {driver} (Intro: lo confirma en su aplicación o su página; Esc: no iniciar):",
    ),
    "bad pin": ("a PIN has 4 to 12 digits", "un PIN tiene de 4 a 12 cifras"),
    "ask quit": (
        "A car is charging: quit ends its charge. Quit? (y/n)",
        "Un coche está cargando: salir termina su recarga. ¿Salir? (s/n)",
    ),
    "yes": ("y", "s"),
    # ---- lines of the monitor
    "monitor started": ("{cp_id} monitor started", "{cp_id} monitor en marcha"),
    "monitor stopped": ("{cp_id} monitor stopped", "{cp_id} monitor parado"),
    "ko": ("{cp_id} KO: {fault}", "{cp_id} KO: {fault}"),
    "status ok": ("{cp_id} STATUS OK", "{cp_id} STATUS OK"),
    "engine back": ("{cp_id} STATUS OK: engine is back", "{cp_id} STATUS OK: el motor ha vuelto"),
    "many monitors": (
        "{count} monitors ask this engine; one is enough",
        "{count} monitores preguntan a este motor; basta con uno",
    ),
    "simulated": (
        "KO simulated: CENTRAL is told of a fault, though the engine is well",
        "KO simulado: se comunica una avería a CENTRAL, aunque el motor está bien",
    ),
    "recovered": (
        "the simulated fault is over: CENTRAL is told how the engine really is",
        "fin de la avería simulada: se comunica a CENTRAL cómo está el motor en realidad",
    ),
    "monitor help": (
        "type register, withdraw, authenticate, fault, recover, faults, status or quit",
        "escriba register, withdraw, authenticate, fault, recover, faults, status o quit",
    ),
    "monitor status": (
        "{cp_id} engine: {engine}; link of the engine: {link}; Central: {central}",
        "{cp_id} motor: {engine}; enlace del motor: {link}; Central: {central}",
    ),
    "nothing answers": (
        "engine lost: nothing answers at {where}{why}",
        "motor perdido: nadie responde en {where}{why}",
    ),
    "hung up": ("engine lost: {where} hung up", "motor perdido: {where} ha colgado"),
    "engine silent": ("engine lost: it does not answer", "motor perdido: no responde"),
    "engine fault": ("engine fault: {fault}", "avería del motor: {fault}"),
    "wrong engine": ("port {port} is {other}, not {cp_id}", "el puerto {port} es {other}, no {cp_id}"),
    "not proved": (
        "port {port} cannot prove that it is {cp_id}: it has another credential",
        "el puerto {port} no puede demostrar que es {cp_id}: tiene otra credencial",
    ),
    "as it is": ("{text}", "{text}"),
    # ---- what a monitor does at the Registry
    "no token": (
        "the Registry gave no token: is it a Registry?",
        "el Registry no dio ningún token: ¿es un Registry?",
    ),
    "registered": ("{cp_id} is registered at the Registry", "{cp_id} está registrado en el Registry"),
    "registered already": (
        "{cp_id} was already registered with this credential: nothing to do",
        "{cp_id} ya estaba registrado con esta credencial: nada que hacer",
    ),
    "withdrawn": (
        (
            "{cp_id} is withdrawn from the network: Central no longer lets it in. To bring it back, register it "
            "with an administrator's password"
        ),
        (
            "{cp_id} queda dado de baja en la red: Central ya no lo deja entrar. Para que vuelva, regístrelo con "
            "la contraseña de un administrador"
        ),
    ),
    "authenticated": (
        "{cp_id} has a new credential, and logs in with it (an engine on another PC needs a copy of {file})",
        (
            "{cp_id} tiene una credencial nueva y se identifica con ella (un motor en otro PC necesita una copia "
            "de {file})"
        ),
    ),
    "still good": (
        "the credential of {cp_id} is good: trying to log in again with it",
        "la credencial de {cp_id} es válida: se intenta entrar de nuevo con ella",
    ),
    "not done": ("Not done: {why}", "No se ha hecho: {why}"),
    "cancelled": ("nothing was done", "no se ha hecho nada"),
    "needs password": (
        "an administrator must allow this: press the key on a terminal, or set EVCHARGE_ADMIN_PASSWORD",
        (
            "esto lo tiene que permitir un administrador: pulse la tecla en un terminal o defina "
            "EVCHARGE_ADMIN_PASSWORD"
        ),
    ),
    "from environment": (
        "the credential comes from EVCHARGE_CREDENTIAL: change it there",
        "la credencial viene de EVCHARGE_CREDENTIAL: cámbiela ahí",
    ),
    "asking registry": ("asking the Registry…", "preguntando al Registry…"),
    "busy with registry": (
        "the Registry has not answered the last question yet",
        "el Registry aún no ha respondido a la última pregunta",
    ),
    # ---- words of the monitor's screen
    "monitor title": ("Monitor of {cp_id}", "Monitor de {cp_id}"),
    "link": ("link", "enlace"),
    "link means": ("engine ↔ Central", "motor ↔ Central"),
    "central": ("Central", "Central"),
    "lamp ok": ("OK", "OK"),
    "lamp ko": ("KO", "KO"),
    "lamp silent": ("no answer", "sin respuesta"),
    "not asked yet": ("not asked yet", "aún sin preguntar"),
    "not registered": (
        "{cp_id} is not registered: press r",
        "{cp_id} no está registrado: pulse r",
    ),
    "link down": ("the engine has no link to Central", "el motor no tiene conexión con Central"),
    "ping at": ("last answer {at}", "última respuesta {at}"),
    "no ping": ("no answer yet", "aún sin respuesta"),
    "simulating": ("a fault is simulated", "se simula una avería"),
    "faults": ("Faults", "Averías"),
    "no faults": ("none so far", "ninguna hasta ahora"),
    "since": ("since {at}", "desde {at}"),
    "kafka lost": (
        "Kafka down ({why}): the live figures take the connection to Central.",
        "Kafka caído ({why}): las cifras en vivo van por la conexión con Central.",
    ),
    "kafka back": (
        "Kafka up again: it carries the live figures.",
        "Kafka funciona de nuevo: lleva las cifras en vivo.",
    ),
    "restored": ("restored {at}", "restablecido {at}"),
    "key r": ("register", "registrar"),
    "key w": ("withdraw", "dar de baja"),
    "key a": ("authenticate again", "autenticar de nuevo"),
    "key f": ("simulate fault", "simular avería"),
    "key f, simulating": ("end fault", "fin de avería"),
    "ask withdraw": (
        "Withdraw {cp_id} from the network? (y/n)",
        "¿Dar de baja {cp_id} en la red? (s/n)",
    ),
    "ask password": (
        "Password of the administrator (Esc: none):",
        "Contraseña del administrador (Esc: ninguna):",
    ),
    "bad password": (
        "a password is one line of 1 to 200 characters, without control characters",
        "una contraseña es una línea de 1 a 200 caracteres, sin caracteres de control",
    ),
}
