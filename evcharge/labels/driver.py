"""Every sentence that a driver reads, in English and Spanish. Pure."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    # ---- the connection
    "connected": ("Connected to CENTRAL at {address}.", "Conectado con la CENTRAL en {address}."),
    "connected again": ("Connected to CENTRAL again.", "Conectado de nuevo con la CENTRAL."),
    "connected to another": (
        "Connected again, to CENTRAL at {address}.",
        "Conectado de nuevo, con la CENTRAL en {address}.",
    ),
    "handed over": (
        "CENTRAL at {address} hands over to another one.",
        "La CENTRAL en {address} cede el mando a otra.",
    ),
    "cannot connect": (
        "Cannot connect to CENTRAL at {address}{why}; retrying",
        "Imposible conectar con la CENTRAL en {address}{why}; se reintenta",
    ),
    "cannot connect, charging": (
        "Cannot connect to CENTRAL at {address}{why}; retrying (your charge goes on)",
        "Imposible conectar con la CENTRAL en {address}{why}; se reintenta (su recarga continúa)",
    ),
    "retrying": ("{text} Retrying.", "{text} Se reintenta."),
    "not connected": (
        "Not connected to CENTRAL; it will be asked as soon as it can be reached.",
        "Sin conexión con la CENTRAL; se le preguntará en cuanto se pueda.",
    ),
    "farewell": ("CENTRAL closes the connection", "La CENTRAL cierra la conexión"),
    "central says": ("CENTRAL says: {text}", "La CENTRAL dice: {text}"),
    # ---- a request
    "any point": ("any charging point", "cualquier punto de recarga"),
    "the point": ("the charging point", "el punto de recarga"),
    "a point": ("A charging point", "Un punto de recarga"),
    "near": ("{point} near {location}", "{point} cerca de {location}"),
    "sent": ("Request sent: {wanted}", "Solicitud enviada: {wanted}"),
    "asking": ("{cp_id} is free; asking it", "{cp_id} está libre; se le pregunta"),
    "asking somebody": ("Asking the charging point", "Preguntando al punto de recarga"),
    "ready": (
        "Authorised: plug in at {point} within {wait_s} s",
        "Autorizado: enchufe en {point} en menos de {wait_s} s",
    ),
    "charging": ("Charging at {point}", "Suministrando en {point}"),
    "stopping": ("Stopping the charge at {point}", "Parando la recarga en {point}"),
    "because": ("{text} ({why})", "{text} ({why})"),
    "until": ("{wanted}, up to {most}", "{wanted}, hasta {most}"),
    "so much of": ("{done} of {most}", "{done} de {most}"),
    "own limit": ("stopped at your limit", "parada en su límite"),
    "live": ("{cp_id}: {kw} kW, {energy}, {cost}", "{cp_id}: {kw} kW, {energy}, {cost}"),
    "stop sent": ("Asked to stop the charge.", "Se ha pedido parar la recarga."),
    "stop which?": (
        "You charge at {points}: say which, such as: stop CP001",
        "Está recargando en {points}: diga cuál; por ejemplo: stop CP001",
    ),
    "nothing to stop": (
        "You have no running charge at {cp_id}.",
        "No tiene ninguna recarga en curso en {cp_id}.",
    ),
    "stop elsewhere": (
        "Not stopped: {driver_id} is connected in another window. Type stop there, or close that window first.",
        "No se ha parado: {driver_id} está conectado en otra ventana. Escriba stop allí, o cierre antes esa ventana.",
    ),
    "already stopping": ("Already asked to stop.", "Ya se ha pedido parar."),
    "already asked": (
        "Already asked; the answer is on its way.",
        "Ya se ha preguntado; la respuesta está en camino.",
    ),
    "cancelled": (
        "Cancelled: the request had not been sent yet.",
        "Cancelada: la solicitud aún no se había enviado.",
    ),
    "still running": (
        "A request is already running ({point}); wait for it to end, or type stop.",
        "Ya hay una solicitud en curso ({point}); espere a que acabe o escriba stop.",
    ),
    "not known": (
        "CENTRAL does not know your charge at {point} yet: it goes on, and {point} will report it to CENTRAL.",
        "La CENTRAL aún no conoce su recarga en {point}: continúa, y {point} se la comunicará.",
    ),
    "over meanwhile": (
        "Your charge at {point} was over before CENTRAL was reached again.",
        "Su recarga en {point} terminó antes de volver a conectar con la CENTRAL.",
    ),
    "taken after all": (
        "{point} accepted a request that had been refused; stopping it",
        "{point} ha aceptado una solicitud que estaba denegada; se para",
    ),
    "goes on": (
        "Your charge at {point} goes on; you will see its ticket when you are back.",
        "Su recarga en {point} continúa; verá su tique cuando vuelva.",
    ),
    "never sent": (
        "The request for {wanted} was never sent.",
        "La solicitud de {wanted} no llegó a enviarse.",
    ),
    "quit?": (
        "Quit? Press Ctrl+C again or type quit (your charge at {point} goes on).",
        "¿Salir? Pulse Ctrl+C otra vez o escriba quit (su recarga en {point} continúa).",
    ),
    # ---- a start at a charging point's menu
    "asked": (
        "{where} asks: do you want to charge there? {price} €/kWh, {euros} € are set aside. yes or no, within {s} s",
        "{where} pregunta: ¿quiere cargar allí? {price} €/kWh, se retienen {euros} €. sí o no, en {s} s",
    ),
    "asked, nothing held": (
        "{where} asks: do you want to charge there? {price} €/kWh. yes or no, within {s} s",
        "{where} pregunta: ¿quiere cargar allí? {price} €/kWh. sí o no, en {s} s",
    ),
    "asks": ("{cp_id} asks: yes or no? {s} s", "{cp_id} pregunta: ¿sí o no? {s} s"),
    "which?": (
        "{cp_id} asks, too: another yes starts a charge there.",
        "{cp_id} también pregunta: otro sí inicia una recarga allí.",
    ),
    "said yes": ("You said yes to {cp_id}.", "Ha dicho que sí a {cp_id}."),
    "said no": ("You said no to {cp_id}.", "Ha dicho que no a {cp_id}."),
    "unconfirmed, no": (
        "Nothing was started at {cp_id}: you said no.",
        "No se ha iniciado nada en {cp_id}: ha dicho que no.",
    ),
    "unconfirmed, late": (
        "Nothing was started at {cp_id}: there was no answer in time.",
        "No se ha iniciado nada en {cp_id}: no hubo respuesta a tiempo.",
    ),
    "unconfirmed": ("Nothing was started at {cp_id}: {why}", "No se ha iniciado nada en {cp_id}: {why}"),
    "you": ("You", "Usted"),
    "has pin": (
        "Whoever types your PIN at a charging point may charge for up to {euros} € each time.",
        "Quien escriba su PIN en un punto de recarga puede cargar hasta {euros} € cada vez.",
    ),
    "no pin": (
        "You have no PIN: a start at a charging point's menu is confirmed here.",
        "No tiene PIN: un inicio en el menú de un punto de recarga se confirma aquí.",
    ),
    "new pin": ("New PIN, 4 to 12 digits:", "PIN nuevo, de 4 a 12 cifras:"),
    "bad pin": (
        'a PIN is set by "pin 5.00 4711": what a charge may cost, then 4 to 12 digits; "pin off" ends it',
        "un PIN se fija con «pin 5.00 4711»: lo que puede costar una recarga y de 4 a 12 cifras; «pin off» lo quita",
    ),
    "pin void": (
        "Your PIN was typed wrongly too often at charging points and is void.",
        "Su PIN se escribió mal demasiadas veces en puntos de recarga y queda anulado.",
    ),
    "central too old": (
        "This CENTRAL is too old for that: nothing was done.",
        "Esta CENTRAL es demasiado antigua para eso: no se ha hecho nada.",
    ),
    # ---- refusals and notices: what Central says, from its code and its figures
    "refused": ("Refused: {text}", "Denegado: {text}"),
    "yes?": ("To charge at {cp_id}, type yes.", "Para cargar en {cp_id}, escriba sí."),
    "nothing asked": (
        "Nothing was asked: there is nothing to say yes or no to.",
        "No se ha preguntado nada: no hay a qué decir que sí o que no.",
    ),
    "topped up": ("{euros} € were added to your wallet.", "Se han ingresado {euros} € en su monedero."),
    "wallet corrected": (
        "Your wallet was corrected by {euros} €: {why}.",
        "Su monedero se ha corregido en {euros} €: {why}.",
    ),
    "debt paid": (
        "{euros} € from your wallet for {why}: you owe that much less.",
        "{euros} € de su monedero por {why}: debe eso menos.",
    ),
    "paid out": (
        "{euros} € from your wallet were paid out: {why}.",
        "Se le han devuelto {euros} € de su monedero: {why}.",
    ),
    "key revoked": (
        "The key of {cp_id} was withdrawn; your charge ended, billed {euros} €.",
        "Se retiró la clave de {cp_id}; su recarga ha terminado y se le cobran {euros} €.",
    ),
    "failed": (
        "{cp_id} failed ({why}); {kwh} kWh so far; final ticket follows.",
        "Avería en {cp_id} ({why}); {kwh} kWh hasta ahora; llegará el tique final.",
    ),
    "failed, so far": (
        "{cp_id} failed ({why}). What you have so far is kept; the final ticket follows.",
        "Avería en {cp_id} ({why}). Lo que lleva queda guardado; llegará el tique final.",
    ),
    "ends": (
        "{why}. What you have so far is kept; the final ticket follows.",
        "{why}. Lo que lleva queda guardado; llegará el tique final.",
    ),
    "corrected": (
        "Your ticket for {cp_id} was corrected by {kwh} kWh, {euros} €: {why}.",
        "Su tique de {cp_id} se ha corregido en {kwh} kWh, {euros} €: {why}.",
    ),
    "started": (
        "The operator starts a charge for you at {cp_id}.",
        "El operador inicia una recarga para usted en {cp_id}.",
    ),
    "limited": (
        "Your charge at {cp_id} ends at {kwh} kWh, {euros} €: your balance and this network allow no more.",
        "Su recarga en {cp_id} terminará en {kwh} kWh, {euros} €: su saldo y esta red no permiten más.",
    ),
    "engine lost": (
        "{cp_id} has no link to CENTRAL; a running charge goes on, its figures stand still.",
        "{cp_id} no tiene conexión con la CENTRAL; la recarga en curso continúa, sus cifras no avanzan.",
    ),
    "monitor lost": (
        "The monitor of {cp_id} is not heard; your charge goes on to its end.",
        "El monitor de {cp_id} no responde; su recarga continúa hasta el final.",
    ),
    "engine back": (
        "{cp_id} is connected to CENTRAL again.",
        "{cp_id} está de nuevo conectado con la CENTRAL.",
    ),
    "monitor back": ("The monitor of {cp_id} is heard again.", "El monitor de {cp_id} vuelve a responder."),
    "stores again": ("CENTRAL stores again.", "La CENTRAL vuelve a guardar."),
    "registry back": ("Registry responding again.", "Registry responde de nuevo."),
    # ---- the list of troubles
    "since": ("since {at}", "desde {at}"),
    "restored": ("restored {at}", "restablecido {at}"),
    "no faults": ("No troubles so far.", "Ningún problema hasta ahora."),
    # ---- tickets, lists, money
    "summary": ("SESSION SUMMARY", "RESUMEN DE LA SESIÓN"),
    "driver": ("Driver", "Conductor"),
    "session": ("Session", "Sesión"),
    "point": ("Point", "Punto"),
    "energy": ("Energy", "Energía"),
    "cost": ("Cost", "Coste"),
    "price": ("Price", "Precio"),
    "status": ("Status", "Estado"),
    "location": ("Location", "Lugar"),
    "ended": ("Ended", "Final"),
    "time": ("Time", "Duración"),
    "date": ("Date", "Fecha"),
    "note": ("Note", "Nota"),
    "total": ("TOTAL", "TOTAL"),
    "estimated": ("(estimated)", "(estimado)"),
    "while away": (
        "this charge ended while you were away",
        "esta recarga acabó mientras usted no estaba",
    ),
    "by operator": (
        "the operator started this charge for you",
        "el operador inició esta recarga para usted",
    ),
    "was corrected": (
        "corrected; at first it said {kwh} kWh, {euros} €",
        "corregido; al principio decía {kwh} kWh, {euros} €",
    ),
    "received late": (
        "CENTRAL heard of it at {at}, once {point} reached it again",
        "la CENTRAL lo supo a las {at}, cuando {point} pudo comunicarse de nuevo",
    ),
    "no points": (
        "No charging point is available now.",
        "Ahora no hay ningún punto de recarga disponible.",
    ),
    "free points": ("Available charging points", "Puntos de recarga disponibles"),
    "latest charges": ("Latest charges", "Últimas recargas"),
    "no history": ("No charges yet.", "Todavía no hay recargas."),
    "balance": ("Balance: {euros} €", "Saldo: {euros} €"),
    "held": ("({euros} € held for a running charge)", "({euros} € retenidos por una recarga en curso)"),
    "held, short": ("({euros} € held)", "({euros} € retenidos)"),
    "owes": (
        "You owe {euros} € of charges that your wallet could not pay: the next money that comes in pays that first.",
        "Debe {euros} € de recargas que su saldo no pudo pagar: el próximo dinero que entre paga eso primero.",
    ),
    "owes, short": ("owed: {euros} €", "debe: {euros} €"),
    "moved": ("Your wallet, apart from charges", "Su monedero, aparte de las recargas"),
    "moved in": ("top-up", "ingreso"),
    "moved right": ("correction", "corrección"),
    "moved out": ("paid out", "pago"),
    "moved debt": ("debt paid", "deuda pagada"),
    "at": ("When", "Cuándo"),
    "what": ("What", "Qué"),
    "amount": ("Amount", "Importe"),
    "why": ("Why", "Motivo"),
    "wallet": ("Wallet", "Monedero"),
    "free money": ("Balance", "Saldo"),
    "held money": ("Held", "Retenido"),
    # ---- the toolbar
    "linked": ("connected to CENTRAL", "conectado con la CENTRAL"),
    "not linked": ("no connection to CENTRAL, retrying", "sin conexión con la CENTRAL, se reintenta"),
    "waiting": ("waiting for CENTRAL", "a la espera de la CENTRAL"),
    "as of": ("as of {at}", "a las {at}"),
    # ---- what was typed
    "type help": (
        "Type help for the commands, quit to leave.",
        "Escriba help para ver las órdenes, quit para salir.",
    ),
    "help start": (
        "start [CP] [near LOCATION]   ask for a charging point (without CP: any that is free)",
        "start [CP] [near LUGAR]      pedir un punto (sin CP: cualquiera que esté libre)",
    ),
    "help limit": (
        "start … 5 kWh, start … 3 €   stop after that much",
        "start … 5 kWh, start … 3 €   parar después de tanto",
    ),
    "help stop": (
        "stop [CP001]                 end the charge (if you have several, the one at CP001)",
        "stop [CP001]                 terminar la recarga; de varias, la de CP001",
    ),
    "help yes": (
        "yes, no                      take the charging point that was offered, or answer one that asks you",
        "sí (yes), no                 aceptar el punto de recarga ofrecido, o responder a uno que le pregunta",
    ),
    "help pin": (
        "pin [AMOUNT|off]             let anyone who types your PIN at a charging point charge, up to AMOUNT",
        "pin [IMPORTE|off]            permitir recargas con su PIN en los puntos, hasta IMPORTE",
    ),
    "help list": (
        "list                         charging points that are available",
        "list                         puntos de recarga disponibles",
    ),
    "help balance": (
        "balance                      money left",
        "balance                      saldo que queda",
    ),
    "help history": (
        "history                      latest charges, and what else moved in your wallet",
        "history                      últimas recargas, y lo demás que se movió en su monedero",
    ),
    "help troubles": (
        "troubles                     what went wrong, and when it was restored",
        "troubles                     lo que falló y cuándo se restableció",
    ),
    "help quit": (
        "quit                         leave (a charge goes on without you)",
        "quit                         salir (la recarga continúa sin usted)",
    ),
    "not understood": ("Not understood: {problem}. {hint}", "No se entiende: {problem}. {hint}"),
    "unknown command": ("unknown command {word}", "orden desconocida {word}"),
    "takes nothing": ("{command} takes nothing after it", "{command} no lleva nada detrás"),
    "too long": ("too long (more than {limit} bytes)", "demasiado largo (más de {limit} bytes)"),
    "not text": ("not UTF-8 text", "no es texto UTF-8"),
    "control characters": ("control characters in it", "contiene caracteres de control"),
    "near what": (
        "near needs a location after it, as in: any near Berlin",
        "near necesita un lugar detrás, como en: any near Berlín",
    ),
    "expected point": (
        "expected a charging point (such as CP001) or any, then near LOCATION, then 5 kWh or 3 €; found {shown}",
        "se esperaba un punto de recarga (como CP001) o any, después near LUGAR, después 5 kWh o 3 €; hay {shown}",
    ),
    "bad limit": (
        "bad limit {shown}: say after how much to stop, such as 5 kWh, 3.2 kWh or 3 €",
        "límite no válido {shown}: diga cuánto como máximo, por ejemplo 5 kWh, 3,2 kWh o 3 €",
    ),
    "bad location": (
        "bad location {shown}: at most 200 plain characters",
        "lugar no válido {shown}: 200 caracteres normales como máximo",
    ),
    "many lines": (
        "{lines} lines at once; nothing was done. Type or paste one command a line, {most} at most.",
        "{lines} líneas a la vez; no se ha hecho nada. Una orden por línea, {most} como máximo.",
    ),
    # ---- a file of services
    "cannot read": (
        "cannot read {file}: {why}. Give a text file with one charging point a line.",
        "no se puede leer {file}: {why}. Indique un fichero de texto con un punto de recarga por línea.",
    ),
    "a folder": ("it is a folder", "es una carpeta"),
    "not a text file": (
        "{file} is not a text file in UTF-8. Give a text file with one charging point a line.",
        "{file} no es un fichero de texto UTF-8. Indique uno con un punto de recarga por línea.",
    ),
    "large JSON": (
        "{file} is JSON of more than 1 MiB: write one charging point a line instead",
        "{file} es JSON de más de 1 MiB: escriba mejor un punto de recarga por línea",
    ),
    "bad line": ("{file}, line {line} skipped: {problem}", "{file}, se salta la línea {line}: {problem}"),
    "more bad lines": (
        "{file}: further bad lines are skipped without being named",
        "{file}: las demás líneas incorrectas se saltan sin nombrarlas",
    ),
    "resuming unknown": (
        "Continuing {file} where it was left: asking what became of line {line}",
        "Se sigue con {file} donde se dejó: se pregunta qué fue de la línea {line}",
    ),
    "resuming after": (
        "Continuing {file} where it was left: after line {line}",
        "Se sigue con {file} donde se dejó: después de la línea {line}",
    ),
    "service": ("Service {number} (line {line}): {wanted}", "Servicio {number} (línea {line}): {wanted}"),
    "next in": ("Next service in {pause_s:g} s", "Siguiente servicio en {pause_s:g} s"),
    "no services": ("No services in {file}.", "No hay servicios en {file}."),
    "services done": ("SERVICES OF {file}", "SERVICIOS DE {file}"),
    "line": ("Line", "Línea"),
    "asked for": ("Asked for", "Solicitado"),
    "result": ("Result", "Resultado"),
    "services total": (
        "Total: {charged} charged, {refused} refused{skipped}; {kwh} kWh, {euros} €",
        "Total: {charged} con recarga, {refused} denegados{skipped}; {kwh} kWh, {euros} €",
    ),
    "one skipped": ("{bad} bad line skipped", "{bad} línea incorrecta saltada"),
    "more skipped": ("{bad} bad lines skipped", "{bad} líneas incorrectas saltadas"),
    "earlier rows": ("… and {count} earlier services", "… y {count} servicios anteriores"),
    "earlier rows, one": ("… and {count} earlier service", "… y {count} servicio anterior"),
    # ---- the state folder and the screen
    "damaged": (
        "{path} was damaged and has been replaced; {consequence}",
        "{path} estaba dañado y se empieza de nuevo; {consequence}",
    ),
    "seen lost": ("a ticket may be shown once more", "puede que un tique se muestre otra vez"),
    "script lost": (
        "a file of services starts again at its first line",
        "un fichero de servicios vuelve a empezar por su primera línea",
    ),
    "cannot use": (
        "cannot use {path}: {why}. Make room, or check the permissions.",
        "no se puede usar {path}: {why}. Haga sitio o revise los permisos.",
    ),
    "screen gone": (
        "nobody reads the screen any more; a running charge goes on, its ticket waits for you",
        "ya nadie lee la pantalla; la recarga en curso continúa y su tique le espera",
    ),
    # ---- --chaos
    "chaos begins": (
        "chaos {seed}: this driver misbehaves on purpose; the same seed misbehaves in the same way",
        "caos {seed}: este conductor se porta mal a propósito; con la misma semilla, de la misma manera",
    ),
    "chaos cut": (
        "chaos {seed}: the connection is dropped in the middle of a request",
        "caos {seed}: se corta la conexión en mitad de una solicitud",
    ),
    "chaos tear": (
        "chaos {seed}: half a frame, and the connection is closed",
        "caos {seed}: media trama, y se cierra la conexión",
    ),
    "chaos double": (
        "chaos {seed}: the same request is sent twice",
        "caos {seed}: la misma solicitud se envía dos veces",
    ),
    "chaos fresh": (
        "chaos {seed}: a fresh request while one is running",
        "caos {seed}: otra solicitud con una en curso",
    ),
    "chaos stop": ("chaos {seed}: stop is sent twice", "caos {seed}: stop se envía dos veces"),
    "chaos unseen": (
        "chaos {seed}: the connection is dropped between the ticket and its acknowledgement",
        "caos {seed}: se corta la conexión entre el tique y su confirmación",
    ),
    "chaos drop": (
        "chaos {seed}: the connection is dropped while charging",
        "caos {seed}: se corta la conexión durante la recarga",
    ),
}
