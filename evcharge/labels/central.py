"""What Central says on its screen, in English and Spanish. Said through `labels.Speech`."""

from collections.abc import Mapping

from evcharge.labels import Saying, Speech, Words

SENTENCES: Mapping[str, Words] = {
    # ---- one line for each thing that happens
    "point added": (
        "{cp_id} is new here: {location}, {price} €/kWh",
        "{cp_id} es nuevo aquí: {location}, {price} €/kWh",
    ),
    "point withdrawn": (
        "{cp_id} is withdrawn from the network",
        "{cp_id} queda dado de baja en la red",
    ),
    "no location": ("no location", "sin ubicación"),
    "point moved": ("{cp_id} is now in {location}", "{cp_id} está ahora en {location}"),
    "location differs": (
        (
            "WARNING {cp_id} says {said}; the network has it in {location}. If it is not there: "
            "evcharge cp set {cp_id} --location; if it is, start its engine with that --location"
        ),
        (
            "AVISO {cp_id} dice {said}; la red lo tiene en {location}. Si no está ahí: "
            "evcharge cp set {cp_id} --location; si está, inicie su motor con esa --location"
        ),
    ),
    "price changed": (
        "{cp_id} now costs {price} €/kWh; running charges keep their price",
        "{cp_id} cuesta ahora {price} €/kWh; las recargas en marcha conservan su precio",
    ),
    "weather alert": (
        "ALERT weather in {location}: {what}; its charging points are out of order",
        "ALERTA meteorológica en {location}: {what}; sus puntos quedan fuera de servicio",
    ),
    "weather cleared": (
        "the weather in {location} is good again",
        "el tiempo en {location} vuelve a ser bueno",
    ),
    "weather left": (
        "the weather in {location} is better; still: {what}",
        "el tiempo en {location} mejora; aún: {what}",
    ),
    "weather lost": (
        "{phrase} ({why}): what the weather withholds stays out of order, everything else goes on.",
        "{phrase} ({why}): lo que el tiempo retiene sigue fuera de servicio, todo lo demás sigue.",
    ),
    "weather back": ("{phrase}.", "{phrase}."),
    "weather first": ("The weather service is connected.", "El servicio del clima está conectado."),
    "notify lost": (
        "Nobody can be told by {way} ({why}): what is to be told waits.",
        "No se puede avisar a nadie por {way} ({why}): lo que haya que avisar espera.",
    ),
    "notify back": (
        "Notifications by {way} get through again.",
        "Se avisa de nuevo por {way}.",
    ),
    "notify refused": (
        '{way} refuses "{title}" ({why}): it is dropped.',
        "{way} no acepta «{title}» ({why}): se descarta.",
    ),
    "notify dropped": (
        'Too much waits for {way}: "{title}" is dropped.',
        "Demasiado espera a {way}: se descarta «{title}».",
    ),
    "notify too old": (
        '"{title}", which waited for {way}, is of no use to anybody any more: it is dropped.',
        "«{title}», que esperaba a {way}, ya no le sirve a nadie: se descarta.",
    ),
    "notify book unread": (
        "{path} cannot be read ({why}) and is {aside} now: who wants notifications is not known until it is back.",
        "No se puede leer {path} ({why}); ahora es {aside}: hasta reponerlo no se sabe quién quería avisos.",
    ),
    "notify book": (
        "Sent notifications cannot be recorded in {path} ({why}): after a restart they may be sent again.",
        "No se puede guardar en {path} lo avisado ({why}): tras un reinicio puede avisarse otra vez.",
    ),
    "weather overridden": (
        "{location} works in spite of the weather, by order of an operator",
        "{location} funciona a pesar del tiempo, por orden de un operador",
    ),
    "weather heeded": (
        "{location} heeds the weather again",
        "{location} vuelve a atender al tiempo",
    ),
    "chain broken": (
        "ALERT the audit log was changed at row {n}: {why}",
        "ALERTA el registro de auditoría fue alterado en la fila {n}: {why}",
    ),
    "hold placed": ("{cp_id} is held: {hold}", "{cp_id} queda retenido: {hold}"),
    "hold lifted": ("{cp_id} is no longer held by: {hold}", "{cp_id} ya no está retenido por: {hold}"),
    "key revoked": (
        "{cp_id}: keys revoked; it needs a new registration",
        "{cp_id}: claves revocadas; necesita registrarse de nuevo",
    ),
    "key restored": ("{cp_id}: back with new keys", "{cp_id}: de vuelta con claves nuevas"),
    "journal replaced": (
        "ALERT {cp_id} has a new journal ({old} before, {new} now)",
        "ALERTA {cp_id} tiene un diario nuevo (antes {old}, ahora {new})",
    ),
    "journal confirmed": (
        "{cp_id}: its new journal is confirmed",
        "{cp_id}: su diario nuevo está confirmado",
    ),
    "stray supply": (
        "ALERT {cp_id} supplies {session_id}, which is closed here; it is told to stop",
        "ALERTA {cp_id} suministra a {session_id}, que aquí está cerrada; se le ordena parar",
    ),
    "record quarantined": (
        "ALERT {cp_id}: record {seq} set aside: {why}",
        "ALERTA {cp_id}: registro {seq} apartado: {why}",
    ),
    "record counted": (
        "ALERT {cp_id}: record {seq} makes no sense and is only counted: {why}",
        "ALERTA {cp_id}: registro {seq} sin sentido, solo se cuenta: {why}",
    ),
    "event unread": (
        "row {n} of the audit log ({kind}) is of another release and cannot be read here",
        "la fila {n} de la auditoría ({kind}) es de otra versión y no se puede leer aquí",
    ),
    "events unread": (
        "{count} of the last {of} rows of the audit log are of another release: evcharge audit verify names them",
        "{count} de las últimas {of} filas de la auditoría son de otra versión: evcharge audit verify las nombra",
    ),
    "events unread, one": (
        "{count} of the last {of} rows of the audit log is of another release: evcharge audit verify names it",
        "{count} de las últimas {of} filas de la auditoría es de otra versión: evcharge audit verify la nombra",
    ),
    "repeated": ("{text} ({times} times)", "{text} ({times} veces)"),
    "driver added": ("{driver_id} is new here", "{driver_id} es nuevo aquí"),
    "driver connected": ("{driver_id} connected", "{driver_id} conectado"),
    "driver lost": ("{driver_id} left: {reason}", "{driver_id} se ha ido: {reason}"),
    "driver blocked": ("{driver_id}: credential withdrawn", "{driver_id}: credencial retirada"),
    "driver withdrawn": (
        "{driver_id} is withdrawn from the network; {balance} € stay in its wallet",
        "{driver_id} queda dado de baja en la red; en su saldo quedan {balance} €",
    ),
    "driver barred": ("{driver_id}: may no longer charge", "{driver_id}: ya no puede cargar"),
    "driver readmitted": ("{driver_id}: may charge again", "{driver_id}: puede cargar de nuevo"),
    "welcome withheld": (
        "ALERT {driver_id} begins with an empty wallet: {most} drivers had the welcome credit, which is all there is",
        "ALERTA {driver_id} empieza sin saldo: {most} conductores han tenido ya el de bienvenida, y no hay más",
    ),
    "welcome withheld for now": (
        "ALERT {driver_id} begins with an empty wallet: {most} drivers had the welcome credit within an hour",
        "ALERTA {driver_id} empieza sin saldo: {most} conductores han tenido el de bienvenida en una hora",
    ),
    "topped up": (
        "{driver_id}: {amount} € in, balance {balance} €",
        "{driver_id}: ingreso de {amount} €, saldo {balance} €",
    ),
    "wallet corrected": (
        "{driver_id}: wallet corrected by {amount} € ({reason}), balance {balance} €",
        "{driver_id}: saldo corregido en {amount} € ({reason}), saldo {balance} €",
    ),
    "paid out": (
        "{driver_id}: {amount} € paid out ({reason}), {balance} € left",
        "{driver_id}: {amount} € devueltos ({reason}), quedan {balance} €",
    ),
    "start refused": ("{driver_id} refused: {why}", "{driver_id} denegado: {why}"),
    "confirmation asked": (
        "{cp_id}: {driver_id} is asked to confirm the start there, within {s} s",
        "{cp_id}: se pide a {driver_id} que confirme el inicio allí, en {s} s",
    ),
    "start confirmed": (
        "{cp_id}: {driver_id} confirms the start",
        "{cp_id}: {driver_id} confirma el inicio",
    ),
    "confirmation ended": ("{cp_id}: nothing started. {why}", "{cp_id}: no se inicia nada. {why}"),
    "pin set": (
        "{driver_id}: a PIN allows charges of up to {limit} € at charging points",
        "{driver_id}: un PIN permite recargas de hasta {limit} € en los puntos",
    ),
    "pin removed, driver": ("{driver_id}: its PIN is gone", "{driver_id}: su PIN ya no existe"),
    "pin removed, misses": (
        "ALERT {driver_id}: its PIN was typed wrongly too often and is void",
        "ALERTA {driver_id}: su PIN se escribió mal demasiadas veces y queda anulado",
    ),
    "pin removed, credential": (
        "{driver_id}: its PIN is void with its old credential",
        "{driver_id}: su PIN queda anulado con su credencial antigua",
    ),
    "session rebuilt": (
        "{session_id}: rebuilt from the journal of {cp_id}, the books had lost it; {hold} € of {driver_id} are held",
        "{session_id}: reconstruida con el diario de {cp_id}, faltaba en los libros; {hold} € retenidos a {driver_id}",
    ),
    "debt paid": (
        "{driver_id} has paid {cents} € of its debt for {session_id}; {left} € are still owed",
        "{driver_id} ha pagado {cents} € de su deuda por {session_id}; quedan {left} €",
    ),
    "session authorised": (
        "{session_id}: authorised, up to {hold} €; asking {cp_id}",
        "{session_id}: autorizada, hasta {hold} €; preguntando a {cp_id}",
    ),
    "session ready": (
        "{session_id}: {cp_id} waits for the plug",
        "{session_id}: {cp_id} pendiente de enchufar",
    ),
    "session started": (
        "{session_id}: {cp_id} supplies {driver_id}",
        "{session_id}: {cp_id} suministra a {driver_id}",
    ),
    "session interrupted": (
        "{session_id}: interrupted ({reason}), {energy} kWh so far",
        "{session_id}: interrumpida ({reason}), {energy} kWh hasta ahora",
    ),
    "stop ordered": ("{session_id}: ending ({reason})", "{session_id}: terminando ({reason})"),
    "session refused": (
        "{session_id}: not taken ({reason}); nothing charged, nothing paid",
        "{session_id}: no aceptada ({reason}); nada suministrado, nada cobrado",
    ),
    "ticket made": (
        "{session_id}: ticket {energy} kWh, {cost} € ({reason})",
        "{session_id}: tique {energy} kWh, {cost} € ({reason})",
    ),
    "ticket estimated": (
        "{session_id}: ticket {energy} kWh, {cost} € ({reason}, estimated)",
        "{session_id}: tique {energy} kWh, {cost} € ({reason}, estimado)",
    ),
    "ticket corrected": (
        "{session_id}: ticket corrected by {energy} kWh, {cost} € ({reason})",
        "{session_id}: tique corregido en {energy} kWh, {cost} € ({reason})",
    ),
    "session reopened": (
        "ALERT {session_id} was given up, and {cp_id} supplies it: billed after all, and told to stop",
        "ALERTA {session_id} se dio por perdida y {cp_id} la suministra: se factura, y se le ordena parar",
    ),
    "clock jumped": (
        "ALERT the clock of this machine jumped by {seconds} s",
        "ALERTA el reloj de esta máquina saltó {seconds} s",
    ),
    "clock off": (
        "ALERT the clock of this machine is {seconds} s from that of the database: set it right",
        "ALERTA el reloj de esta máquina está a {seconds} s del de la base de datos: póngalo en hora",
    ),
    "clock right": (
        "the clock of this machine is right again",
        "el reloj de esta máquina vuelve a estar en hora",
    ),
    "member away": (
        "ALERT {about} is away ({why}); the network goes on without it",
        "ALERTA falta {about} ({why}); la red sigue funcionando",
    ),
    "member back": ("{about} answers again", "ya no falta {about}"),
    "anchored": (
        "audit log: central.db {n} {hash}",
        "registro de auditoría: central.db {n} {hash}",
    ),
    "events not shown": (
        "{n} more events in a few seconds than anyone can read: `evcharge events` has them all",
        "{n} sucesos más en unos segundos de los que nadie puede leer: todos están en `evcharge events`",
    ),
    "events not shown, one": (
        "{n} more event in a few seconds than anyone can read: `evcharge events` has it",
        "{n} suceso más en unos segundos de los que nadie puede leer: está en `evcharge events`",
    ),
    "points not shown": (
        "{n} more charging points than anyone can read: `evcharge cps` lists them all",
        "{n} puntos de recarga más de los que nadie puede leer: `evcharge cps` los enumera todos",
    ),
    "points not shown, one": (
        "{n} more charging point than anyone can read: `evcharge cps` lists it",
        "{n} punto de recarga más de los que nadie puede leer: `evcharge cps` lo enumera",
    ),
    "stood still": (
        "Central stood still for {seconds} s; no link is judged by it",
        "Central estuvo parada {seconds} s; ningún enlace se juzga por ello",
    ),
    "room": (
        "Room for {links} links ({points} charging points) and {pages} open pages: {limit} files may be open.",
        "Caben {links} enlaces ({points} puntos de recarga) y {pages} páginas: se pueden abrir {limit} ficheros.",
    ),
    "room is short": (
        "Only {limit} files may be open: room for {links} links ({points} charging points). Raise it: ulimit -n",
        "Solo se pueden abrir {limit} ficheros: caben {links} enlaces ({points} puntos). Súbalo con ulimit -n",
    ),
    "refused at the door": (
        "refused {who} from {address}: {code} {text}",
        "rechazado {who} desde {address}: {code} {text}",
    ),
    "not understood from": ("{sentence} ({address}: {code})", "{sentence} ({address}: {code})"),
    "stopped": ("Central stopped.", "Central parada."),
    "stands by": (
        "{leader} leads this network; {me} stands by, and takes over when it is gone.",
        "{leader} dirige esta red; {me} espera, y la releva si falta.",
    ),
    "takes over": ("{me} leads this network from now on.", "{me} dirige esta red desde ahora."),
    "deposed": (
        "This Central does not lead any more ({why}): its links are cut, and it stands by.",
        "Esta Central ya no dirige la red ({why}): corta sus enlaces y queda a la espera.",
    ),
    # ---- why a charging point shows its status
    "why withdrawn": ("withdrawn", "dado de baja"),
    "why revoked": ("key revoked", "clave revocada"),
    "why operator": ("operator", "operador"),
    "why weather": ("weather", "tiempo"),
    "why journal": (
        "new journal: close its alert to confirm",
        "diario nuevo: cierre su aviso para confirmarlo",
    ),
    "why no link": ("no link to Central", "sin conexión con Central"),
    "why not heard": ("its monitor is not heard", "su monitor no responde"),
    "why occupied": ("vehicle plugged in", "vehículo enchufado"),
    # ---- what does not work around Central
    "registry lost": (
        "Registry not responding ({why}): no new registrations or first logins; everything else goes on.",
        "Registry no responde ({why}): sin altas ni primeros accesos; todo lo demás sigue.",
    ),
    "registry noted": ("Registry: {what} {target}: {result}", "Registry: {what} {target}: {result}"),
    "registry done": ("done", "hecho"),
    "registry refused": ("refused ({why})", "denegado ({why})"),
    "registry wrong key": (
        (
            "Unable to connect to the Registry. Messages not comprehensible: the service.key here is not "
            "the Registry's. Copy it from there and start Central again."
        ),
        (
            "Imposible conectar con el Registry. Mensajes no comprensibles: la service.key de aquí no es "
            "la del Registry. Cópiela de allí y reinicie Central."
        ),
    ),
    "registry back": ("Registry responding again.", "Registry responde de nuevo."),
    "order carried out": (
        "order {command} {cp_id}, from Kafka: done",
        "orden {command} {cp_id}, de Kafka: hecha",
    ),
    "order without effect": (
        "order {command} {cp_id}, from Kafka: nothing to do",
        "orden {command} {cp_id}, de Kafka: nada que hacer",
    ),
    "order refused": (
        "order {command} {cp_id}, from Kafka, refused: {why}",
        "orden {command} {cp_id}, de Kafka, denegada: {why}",
    ),
    "kafka lost": (
        "Kafka down ({why}), {count} events waiting; everything else goes on.",
        "Kafka caído ({why}), {count} eventos en espera; todo lo demás sigue.",
    ),
    "kafka lost, one": (
        "Kafka down ({why}), {count} event waiting; everything else goes on.",
        "Kafka caído ({why}), {count} evento en espera; todo lo demás sigue.",
    ),
    "kafka still lost": (
        "Kafka is still down, {count} events waiting.",
        "Kafka sigue caído, {count} eventos en espera.",
    ),
    "kafka still lost, one": (
        "Kafka is still down, {count} event waiting.",
        "Kafka sigue caído, {count} evento en espera.",
    ),
    "kafka back": (
        "Kafka up again; it gets every event that has waited.",
        "Kafka funciona de nuevo; recibe todos los eventos en espera.",
    ),
    "disk full": (
        "Central cannot store new charges (disk full)",
        "Central no puede guardar nuevas recargas (disco lleno)",
    ),
    "cannot store": (
        "Central cannot store anything now ({why})",
        "Central no puede guardar nada ahora ({why})",
    ),
    "what runs goes on": ("{trouble}; what is running goes on.", "{trouble}; lo que está en marcha sigue."),
    "withdrawn unstored": (
        "{subject}: withdrawn from now on; it will be stored when there is room on the disk.",
        "{subject}: retirado desde ahora; se guardará cuando haya sitio en el disco.",
    ),
    "withdrawal lost": (
        "{subject}: its withdrawal is not stored; order it again when Central runs with room on its disk.",
        "{subject}: su retirada no se ha guardado; ordénela otra vez cuando la Central tenga sitio en su disco.",
    ),
    "stores again": ("Central stores again.", "Central vuelve a guardar."),
    "no time zone": (
        "This computer's time zone has no name: days are those of UTC. Set [central] timezone.",
        "La zona horaria de este ordenador no tiene nombre: los días son los de UTC. Indique [central] timezone.",
    ),
    "other days": (
        "Days are those of {zone} from now on; they were those of {before}. Every ticket was counted anew.",
        "Los días son desde ahora los de {zone}; eran los de {before}. Todos los tiques se han contado de nuevo.",
    ),
    # ---- the wall
    "title": ("EVCHARGE CENTRAL", "CENTRAL EVCHARGE"),
    "title of several": (
        "EVCHARGE CENTRAL {me}, leads since {since} · stands by: {others}",
        "CENTRAL EVCHARGE {me}, dirige desde las {since} · a la espera: {others}",
    ),
    "now and today": (
        "{power} kW now · ended today: {energy} kWh {cost} €",
        "{power} kW ahora · terminado hoy: {energy} kWh {cost} €",
    ),
    "points": ("Points: {count}", "Puntos: {count}"),
    "as of": ("as of {at}", "a las {at}"),
    "no points": (
        "No charging point is known yet: start an engine and its monitor.",
        "Aún no se conoce ningún punto de recarga: arranque un motor y su monitor.",
    ),
    "and more": ("… and {count} more", "… y {count} más"),
    "all green": ("Every charging point is well.", "Todos los puntos de recarga están bien."),
    "charges": ("Requests and charges ({count})", "Peticiones y suministros ({count})"),
    "no charges": ("Requests and charges: none", "Peticiones y suministros: ninguno"),
    "state plug": ("waiting for the plug", "pendiente de enchufar"),
    "state charging": ("charging", "suministrando"),
    "state stopping": ("ending: {reason}", "terminando: {reason}"),
    "faults": ("Faults ({count} open)", "Averías (sin resolver: {count})"),
    "no faults": ("Faults: none", "Averías: ninguna"),
    "messages": ("Messages", "Mensajes"),
    # ---- the command line below it
    "prompt": ("central>", "central>"),
    "help title": ("COMMANDS", "ÓRDENES"),
    "help out": (
        "Out of Order: ends its charge, takes no new one",
        "Fuera de servicio: acaba su suministro",
    ),
    "help resume": ("back into service", "de nuevo en servicio"),
    "help revoke": (
        "withdraw the keys: it needs a new registration",
        "retirar las claves: necesita registrarse de nuevo",
    ),
    "help move": ("set its location", "decir dónde está"),
    "help rotate": (
        "a new key for its connection, without interruption",
        "clave nueva para su conexión, sin interrupción",
    ),
    "help start": (
        "start a charge for a driver who stands there",
        "iniciar una recarga para un conductor que está allí",
    ),
    "help stop": (
        "end one charge; the point stays in service",
        "terminar una recarga; el punto sigue en servicio",
    ),
    "help close-lost": (
        "bill by estimate the charge of a lost engine",
        "cobrar por estimación lo de un motor perdido",
    ),
    "help sessions": ("requests and charges, in full", "peticiones y suministros, completos"),
    "help alerts": ("faults, also those that are solved", "averías, también las resueltas"),
    "help close": (
        "close an alert by hand; confirm a journal",
        "cerrar avisos que no acaban solos; confirmar diario",
    ),
    "help top-up": ("put money into a wallet", "ingresar dinero en un monedero"),
    "help drivers": ("their wallets: free, held, owed", "sus monederos: libre, retenido, debido"),
    "help correct": (
        "put money into a wallet, or take it out (-5)",
        "ingresar dinero en un monedero, o sacarlo (-5)",
    ),
    "help refund": ("give back what a session cost", "devolver lo que costó una sesión"),
    "help pay-out": ("pay out what is free in a wallet", "pagar lo que queda libre en un monedero"),
    "help help": ("this page", "esta página"),
    "help quit": ("stop Central; charges go on by themselves", "parar Central; los suministros siguen solos"),
    "help keys": (
        "Tab completes, arrow up repeats, Enter or Esc closes this page.",
        "Tab completa, flecha arriba repite, Intro o Esc cierra esta página.",
    ),
    "unknown command": (
        "There is no command {word}. help shows them all.",
        "No existe la orden {word}. help las muestra todas.",
    ),
    "unknown command, near": (
        "There is no command {word}: did you mean {near}?",
        "No existe la orden {word}: ¿quería decir {near}?",
    ),
    "usage": ("Type it like this: {usage}", "Escríbalo así: {usage}"),
    "too long": (
        "That is too long for a command (more than {most} characters).",
        "Es demasiado largo para una orden (más de {most} caracteres).",
    ),
    "several lines": ("One command at a time, on one line.", "Una orden cada vez, en una línea."),
    "control characters": (
        "There are control characters in it.",
        "Contiene caracteres de control.",
    ),
    "bad id": (
        "{word} cannot be the name of a charging point or driver: A-Z, 0-9, _ and -.",
        "{word} no puede ser el nombre de un punto o conductor: A-Z, 0-9, _ y -.",
    ),
    "bad amount": (
        "{word} is not an amount: give a plain number, such as 12.50",
        "{word} no es un importe: escriba un número, por ejemplo 12.50",
    ),
    "bad session": (
        "{word} is no session: its id begins with S- (Tab completes those that were billed of late).",
        "{word} no es una sesión: su identificador empieza por S- (Tab completa las cobradas hace poco).",
    ),
    "long reason": (
        "A reason has at most {most} characters: its driver reads it.",
        "Un motivo tiene como mucho {most} caracteres: lo lee su conductor.",
    ),
    "unknown point": (
        "{cp_id} is unknown here: no such charging point.",
        "{cp_id} no se conoce aquí: no existe ese punto de recarga.",
    ),
    "unknown subject": (
        "{subject} is unknown here: no such charging point or driver.",
        "{subject} no se conoce aquí: no existe ese punto ni conductor.",
    ),
    "not done": ("Not done: {why}", "No se hizo: {why}"),
    "out done": ("out: {status}", "out: {status}"),
    "out all question": (
        "out: this ends {count} running charges. Put every charging point out of order? y/n",
        "out: esto termina {count} suministros en marcha. ¿Poner todos los puntos fuera de servicio? s/n",
    ),
    "out all question, one": (
        "out: this ends {count} running charge. Put every charging point out of order? y/n",
        "out: esto termina {count} suministro en marcha. ¿Poner todos los puntos fuera de servicio? s/n",
    ),
    "not asked for": ("Nothing was done.", "No se hizo nada."),
    "out all done": (
        "out: all {count} points are withheld; running charges end.",
        "out: los {count} puntos quedan retenidos; los suministros en marcha acaban.",
    ),
    "out all done, one": (
        "out: {count} point, the only one, is withheld; running charges end.",
        "out: {count} punto, el único, queda retenido; los suministros en marcha acaban.",
    ),
    "resume done": ("resume: {status}", "resume: {status}"),
    "resume all done": (
        "resume: the operator withholds no point now; {available} of {count} are available.",
        "resume: el operador ya no retiene ningún punto; {available} de {count} disponibles.",
    ),
    "resume others": (
        "resume: no longer withheld by the operator, but still {status}",
        "resume: ya no lo retiene el operador, pero sigue {status}",
    ),
    "revoke done": (
        "revoke: the keys of {subject} are void; it needs a new registration.",
        "revoke: las claves de {subject} ya no valen; necesita registrarse de nuevo.",
    ),
    "start done": (
        "start: {cp_id} is waiting for {driver_id} to plug in ({session_id}).",
        "start: {cp_id} espera a que {driver_id} enchufe ({session_id}).",
    ),
    "bad limit": (
        "{word} is not a limit: say after how much to stop, such as 5 kWh or 2.50 €",
        "{word} no es un límite: diga cuánto como máximo, por ejemplo 5 kWh o 2.50 €",
    ),
    "stop none": (
        "stop: no charge is running at {cp_id}.",
        "stop: no hay ninguna recarga en curso en {cp_id}.",
    ),
    "stop done": (
        "stop: {session_id} ends; {cp_id} stays in service.",
        "stop: {session_id} termina; {cp_id} sigue en servicio.",
    ),
    "stop later": (
        "stop: {session_id} ends when the engine of {cp_id} is back; close-lost {cp_id} ends it now.",
        "stop: {session_id} termina cuando vuelva el motor de {cp_id}; close-lost {cp_id} la termina ahora.",
    ),
    "close-lost none": (
        "close-lost: no charge is running at {cp_id}.",
        "close-lost: no hay ninguna recarga en curso en {cp_id}.",
    ),
    "close-lost billed": (
        "close-lost: {session_id} is billed by estimate: {energy} kWh, {cost} €. Its engine may still correct that.",
        "close-lost: {session_id} se cobra por estimación: {energy} kWh, {cost} €. Su motor aún puede corregirlo.",
    ),
    "close-lost given back": (
        "close-lost: {session_id} had not begun: its driver has the money back.",
        "close-lost: {session_id} no había empezado: su conductor recupera el dinero.",
    ),
    "move done": ("move: {status}", "move: {status}"),
    "bad location": (
        "a location is 1 to 80 characters of plain text",
        "una ubicación son de 1 a 80 caracteres de texto sencillo",
    ),
    "rotate done": (
        "rotate: the connection of {cp_id} has a new key, no interruption",
        "rotate: la conexión de {cp_id} tiene clave nueva, sin interrupción",
    ),
    "rotate late": (
        "rotate: {cp_id} has not taken the new key; its connection ends and comes back by itself",
        "rotate: {cp_id} no ha tomado la clave nueva; su conexión acaba y vuelve sola",
    ),
    "rotate nobody": (
        "rotate: {cp_id} has no connection now; it gets a new key when it returns",
        "rotate: {cp_id} no tiene conexión ahora; recibirá clave nueva al volver",
    ),
    "top-up done": (
        "top-up: {driver_id} has {wallet} now",
        "top-up: {driver_id} tiene ahora {wallet}",
    ),
    "top-up question": (
        "top-up: {amount} € for {driver_id} is more than {most} €. Is that right? y/n",
        "top-up: {amount} € para {driver_id} es más de {most} €. ¿Es correcto? s/n",
    ),
    "correct question in": (
        "correct: put {amount} € into the wallet of {driver_id} (it has {wallet})? y/n",
        "correct: ¿ingresar {amount} € en el monedero de {driver_id} (tiene {wallet})? s/n",
    ),
    "correct question out": (
        "correct: take {amount} € out of the wallet of {driver_id} (it has {wallet})? y/n",
        "correct: ¿sacar {amount} € del monedero de {driver_id} (tiene {wallet})? s/n",
    ),
    "correct question less": (
        "correct: {session_id} shall have cost {amount} € less? y/n",
        "correct: ¿que {session_id} haya costado {amount} € menos? s/n",
    ),
    "correct question more": (
        "correct: {session_id} shall have cost {amount} € more? y/n",
        "correct: ¿que {session_id} haya costado {amount} € más? s/n",
    ),
    "refund question": (
        "refund: give back {amount} € of what {session_id} cost? y/n",
        "refund: ¿devolver {amount} € de lo que costó {session_id}? s/n",
    ),
    "refund question all": (
        "refund: give back all that {session_id} cost? y/n",
        "refund: ¿devolver todo lo que costó {session_id}? s/n",
    ),
    "pay-out question": (
        "pay-out: pay out {amount} € to {driver_id} (it has {wallet})? y/n",
        "pay-out: ¿pagar {amount} € a {driver_id} (tiene {wallet})? s/n",
    ),
    "correct done": (
        "correct: {amount} € for {driver_id}; it has {wallet} now",
        "correct: {amount} € para {driver_id}; ahora tiene {wallet}",
    ),
    "refund done": (
        "refund: {amount} € of {session_id} refunded to {driver_id}; it has {wallet} now",
        "refund: {amount} € de {session_id} devueltos a {driver_id}; ahora tiene {wallet}",
    ),
    "pay-out done": (
        "pay-out: {amount} € paid out to {driver_id}; {wallet} left",
        "pay-out: {amount} € pagados a {driver_id}; quedan {wallet}",
    ),
    "money not": ("Nothing was moved.", "No se movió nada."),
    "owing": ("{balance} €, owes {owed} €", "{balance} €, debe {owed} €"),
    "drivers title": ("DRIVERS AND THEIR WALLETS", "CONDUCTORES Y SUS MONEDEROS"),
    "driver wallet": ("{driver_id:<8} {balance:>10} € free", "{driver_id:<8} {balance:>10} € libres"),
    "driver held": ("{held} € held", "{held} € retenidos"),
    "driver owes": (
        "owes {owed} €: the next money pays that first",
        "debe {owed} €: el próximo dinero paga eso primero",
    ),
    "driver left": (
        "{driver_id}/{registration}  {balance} € of an earlier owner: pay-out {driver_id}/{registration} all REASON",
        "{driver_id}/{registration}  {balance} € de un dueño anterior: pay-out {driver_id}/{registration} all MOTIVO",
    ),
    "close done": ("close: seen. {what}", "close: visto. {what}"),
    "close none": (
        "close: nothing of {subject} is to be closed by hand; what else is wrong ends with its cause",
        "close: nada de {subject} se cierra a mano; lo demás termina cuando termine su causa",
    ),
    "quit question": (
        "Charges running: {count}; they go on without Central. Stop it? y/n",
        "Suministros en marcha: {count}; siguen sin Central. ¿Pararla? s/n",
    ),
    "quit not": ("Central goes on.", "Central sigue."),
    "quitting": ("Central is stopping.", "Central se está parando."),
    "sessions title": ("REQUESTS AND CHARGES", "PETICIONES Y SUMINISTROS"),
    "alerts title": ("FAULTS, THE NEWEST LAST", "AVERÍAS, LA ÚLTIMA AL FINAL"),
    "nothing": ("none", "ninguno"),
    "lies in the books, one": (
        "ALERT the books hold {n} ticket with more energy than any session can have: see `evcharge audit verify`",
        "ALERTA los libros tienen {n} tique con más energía de la que cabe en una sesión: vea `evcharge audit verify`",
    ),
    "lies in the books": (
        "ALERT the books hold {n} tickets with more energy than any session can have: see `evcharge audit verify`",
        "ALERTA los libros tienen {n} tiques con más energía de la que cabe en una sesión: vea `evcharge audit verify`",
    ),
    # ---- ports, files, and what fails without ending Central
    "listening": ("Central listening on {at}", "Central escucha en {at}"),
    "API listening": (
        "The API for operators is listening on {url}",
        "La API de operadores escucha en {url}",
    ),
    "API listening again": (
        "The API for operators is again listening on {url}",
        "La API de operadores escucha de nuevo en {url}",
    ),
    "API failed": (
        "The API for operators failed; charging goes on, and the API starts again",
        "Falló la API de operadores; las recargas siguen, y la API arranca de nuevo",
    ),
    "export cut short": ("{file} is cut off: {why}", "{file} se corta por la mitad: {why}"),
    "facts not stored": (
        "{count} facts are not stored; their engines will tell them again.",
        "Quedan {count} hechos sin guardar; sus motores los contarán de nuevo.",
    ),
    "facts not stored, one": (
        "{count} fact is not stored; its engine will tell it again.",
        "Queda {count} hecho sin guardar; su motor lo contará de nuevo.",
    ),
    "books refused": ("the database refused {command}: {why}", "la base de datos rechazó {command}: {why}"),
    "logins not kept": (
        "cannot keep who is logged in: {why}",
        "no se puede guardar quién está identificado: {why}",
    ),
    "chain found broken": ("audit log broken: {why}", "el registro de auditoría está roto: {why}"),
    "panel failed": (
        "the panel failed; Central goes on with plain lines",
        "falló el panel; Central sigue con líneas sencillas",
    ),
    "kafka failed": ("Kafka: {why}", "Kafka: {why}"),
    "no terminal": (
        "--panel needs a terminal; Central goes on with plain lines.",
        "--panel necesita una terminal; Central sigue con líneas sencillas.",
    ),
}


def said(name: str, **facts: object) -> Saying:
    """Return one of Central's sentences, for the log."""
    return Saying(name, facts, lambda lang, values: Speech(SENTENCES, lang)(name, **values))
