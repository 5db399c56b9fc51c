"""What operators read: alerts and their end, and what the commands of any shell answer. Pure."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    # ---- alerts, and the sentence of their end
    "alert fault": ("{about} is faulted ({detail}).", "{about} averiado ({detail})."),
    "restored fault": ("{about} works again.", "{about} funciona de nuevo."),
    "alert engine": (
        "The engine of {about} has no link to Central ({detail}).",
        "El motor de {about} no tiene conexión con Central ({detail}).",
    ),
    "restored engine": (
        "The engine of {about} is connected again.",
        "El motor de {about} está conectado de nuevo.",
    ),
    "alert monitor": (
        "{about} is disconnected: its monitor is not heard ({detail}).",
        "{about} desconectado: su monitor no responde ({detail}).",
    ),
    "alert monitor and engine": (
        "{about} is disconnected: neither its monitor nor its engine is heard ({detail}).",
        "{about} desconectado: no responden ni su monitor ni su motor ({detail}).",
    ),
    "alert taken": ("{by} is on it.", "{by} se ocupa."),
    "restored monitor": (
        "The monitor of {about} is heard again.",
        "El monitor de {about} vuelve a responder.",
    ),
    "alert duplicate": (
        "The credential of {about} is used in two places ({detail}).",
        "La credencial de {about} se usa en dos sitios ({detail}).",
    ),
    "restored duplicate": (
        "The duplicated credential of {about} was withdrawn.",
        "Se retiró la credencial duplicada de {about}.",
    ),
    "alert not-understood": (
        "Unable to connect to {about}. Messages not comprehensible. ({detail})",
        "Imposible conectar con {about}. Mensajes no comprensibles. ({detail})",
    ),
    "restored not-understood": (
        "{about} connected again. Messages comprehensible.",
        "{about} conectado de nuevo. Mensajes comprensibles.",
    ),
    "alert journal": (
        (
            "{about} came with a different journal ({detail}): a new disk, or a damaged one. "
            "Close this alert to let it charge."
        ),
        "{about} vino con otro diario ({detail}): un disco nuevo, o dañado. Cierre este aviso para que pueda cargar.",
    ),
    "restored journal": ("The journal of {about} is confirmed.", "El diario de {about} está confirmado."),
    "alert quarantine": (
        "A record of {about} makes no sense and was set aside (number {detail}).",
        "Un registro de {about} no tiene sentido y se apartó (número {detail}).",
    ),
    "restored quarantine": ("The record of {about} was reviewed.", "Se revisó el registro de {about}."),
    "alert flood": (
        "Too much at once in the name of {about}: {detail}.",
        "Demasiado a la vez en nombre de {about}: {detail}.",
    ),
    "restored flood": ("The flood from {about} was reviewed.", "Se revisó la avalancha de {about}."),
    "alert welcome": (
        "New drivers start with empty wallets: {detail} others had the welcome credit. Is somebody making up drivers?",
        "Los conductores nuevos empiezan sin saldo: {detail} han tenido ya el de bienvenida. ¿Alguien los inventa?",
    ),
    "restored welcome": ("An operator has reviewed the empty wallets.", "Se revisaron los saldos vacíos."),
    "alert debt": (
        "{about} owes what its wallet lacked: {detail}. Its next top-up pays that first.",
        "{about} debe lo que faltaba en su saldo: {detail}. Su próximo ingreso lo paga primero.",
    ),
    "restored debt": ("{about} owes nothing any more.", "{about} ya no debe nada."),
    "alert revoked": (
        "The keys of {about} are revoked. {detail}",
        "Las claves de {about} están revocadas. {detail}",
    ),
    "restored revoked": ("{about} is back with new keys.", "{about} ha vuelto con claves nuevas."),
    "alert registry": (
        "Registry not responding ({detail}): no new registrations or first logins.",
        "Registry no responde ({detail}): sin altas nuevas ni primeros accesos.",
    ),
    "restored registry": ("Registry responding again.", "Registry responde de nuevo."),
    "alert away": (
        "{about} is away ({detail}); the network goes on without it.",
        "Falta {about} ({detail}); la red sigue funcionando.",
    ),
    "restored away": ("{about} answers again.", "Ya no falta {about}."),
    "alert kafka": ("Kafka down, {detail} events waiting.", "Kafka caído, {detail} eventos en espera."),
    "alert kafka, one": ("Kafka down, {detail} event waiting.", "Kafka caído, {detail} evento en espera."),
    "restored kafka": (
        "Kafka up again; it gets every event that has waited.",
        "Kafka funciona de nuevo; recibe todos los eventos en espera.",
    ),
    "alert notify": (
        "Nobody is told by {about} any more: {detail}.",
        "Ya no se avisa a nadie por {about}: {detail}.",
    ),
    "restored notify": ("Notifications by {about} get through again.", "Se avisa de nuevo por {about}."),
    "alert storage": ("{detail}.", "Central no puede guardar datos: {detail}."),
    "restored storage": ("Central stores again.", "Central guarda datos de nuevo."),
    "alert clock": (
        "The clock of Central's computer jumped by {detail} s.",
        "El reloj del ordenador de Central saltó {detail} s.",
    ),
    "alert weather": (
        "Weather in {about}: {detail}. Its charging points are out of order.",
        "Tiempo en {about}: {detail}. Sus puntos de recarga quedan fuera de servicio.",
    ),
    "alert weather, overridden": (
        "Weather in {about}: {detail}. An operator has overridden it: its charging points work.",
        "Tiempo en {about}: {detail}. Un operador lo ha anulado: sus puntos de recarga funcionan.",
    ),
    "restored weather": ("The weather in {about} is good again.", "El tiempo en {about} vuelve a ser bueno."),
    "alert weather-service": (
        "Weather connection unavailable ({detail}): what the weather withholds stays out of order.",
        "Conexión con el clima no disponible ({detail}): lo que el tiempo retiene sigue fuera de servicio.",
    ),
    "restored weather-service": (
        "Weather connection restored.",
        "Conexión con el clima restablecida.",
    ),
    "alert chain": (
        "The audit log was changed ({detail}). Keep a copy of the books and run: evcharge audit verify",
        "El registro de auditoría fue alterado ({detail}). Guarde una copia y ejecute: evcharge audit verify",
    ),
    "restored chain": (
        "An operator has seen the damage to the audit log.",
        "Se revisó el registro de auditoría.",
    ),
    "alert clock-off": (
        (
            "The clock of Central's computer is {detail} s from that of its database: set it right, as the books get "
            "their times from it."
        ),
        (
            "El reloj del ordenador de Central está a {detail} s del de su base de datos: póngalo en hora, pues de él "
            "toman los libros sus horas."
        ),
    ),
    "restored clock-off": (
        "The clock of Central's computer is right again.",
        "El reloj del ordenador de Central vuelve a estar en hora.",
    ),
    "restored clock": ("The clock is right.", "El reloj está bien."),
    "alert closed": ("{about}: seen by an operator.", "{about}: visto por un operador."),
    # ---- answers of the commands
    "out": ("{cp_id} is out of order.", "{cp_id} fuera de servicio."),
    "out already": ("{cp_id} was already out of order.", "{cp_id} ya estaba fuera de servicio."),
    "out all": (
        "{changed} charging points put out of order; {ended} charges are being ended.",
        "{changed} puntos de recarga fuera de servicio; se terminan {ended} recargas.",
    ),
    "ended": ("Its charge is being ended.", "Se termina su recarga."),
    "not stored yet": (
        "Central's disk is full: this holds from now on, and will be stored when there is room.",
        "El disco de la Central está lleno: esto vale desde ahora y se guardará cuando haya sitio.",
    ),
    "resumed": ("{cp_id} is resumed: {status}.", "{cp_id} reanudado: {status}."),
    "resumed already": (
        "{cp_id} was not held by an operator: {status}.",
        "{cp_id} no estaba parado: {status}.",
    ),
    "resume all": ("{changed} charging points resumed.", "{changed} puntos de recarga reanudados."),
    "still out": ("{cp_id} is still out: {why}.", "{cp_id} sigue fuera: {why}."),
    "revoked": (
        "The keys of {cp_id} are revoked. It returns after a new registration.",
        "Las claves de {cp_id} están revocadas. Volverá tras un nuevo registro.",
    ),
    "corrected money": (
        "{driver_id}: corrected by {amount} €, balance {balance} €.",
        "{driver_id}: corregido en {amount} €, saldo {balance} €.",
    ),
    "corrected money before": (
        "{driver_id} was already corrected by {amount} € with that reference; balance {balance} €.",
        "{driver_id}: ya se corrigió en {amount} € con esa referencia; saldo {balance} €.",
    ),
    "refunded": (
        "{session_id}: {amount} € refunded to {driver_id}, balance {balance} €.",
        "{session_id}: {amount} € devueltos a {driver_id}, saldo {balance} €.",
    ),
    "refunded before": (
        "{session_id}: {amount} € were already refunded with that reference; balance {balance} €.",
        "{session_id}: ya se devolvieron {amount} € con esa referencia; saldo {balance} €.",
    ),
    "paid out": (
        "{driver_id}: {amount} € paid out, {balance} € left.",
        "{driver_id}: {amount} € pagados, quedan {balance} €.",
    ),
    "paid out before": (
        "{driver_id}: {amount} € were already paid out with that reference; {balance} € left.",
        "{driver_id}: ya se pagaron {amount} € con esa referencia; quedan {balance} €.",
    ),
    "amount comma": (
        "{amount}: write the amount with a point, as in {better}.",
        "{amount}: escriba el importe con un punto, como {better}.",
    ),
    "amount negative": (
        "{amount}: this takes an amount above 0. To take money out of a wallet: evcharge correct, or pay-out.",
        "{amount}: el importe debe ser mayor que 0. Para quitar dinero de un saldo: evcharge correct, o pay-out.",
    ),
    "amount bad": (
        "{amount} is not an amount: give a plain number up to 10 000 000, such as 12.50.",
        "{amount} no es un importe: escriba un número hasta 10 000 000, por ejemplo 12.50.",
    ),
    "amount nothing": ("The amount must be more than 0.", "El importe debe ser mayor que 0."),
    "reason bad": (
        "Give a reason, in one line of at most {most} characters.",
        "Indique un motivo, en una línea de {most} caracteres como mucho.",
    ),
    "sure unasked": (
        "{question} If so, repeat the command with --yes.",
        "{question} Si es correcto, confírmelo con --yes.",
    ),
    "set what": (
        "Say what: --price 0.30, --location Elche, or both.",
        "Diga qué: --price 0,30, --location Elche, o ambos.",
    ),
    "priced": ("{cp_id} costs {price} €/kWh from now on.", "{cp_id} cuesta {price} €/kWh desde ahora."),
    "priced already": ("{cp_id} already costs {price} €/kWh.", "{cp_id} ya cuesta {price} €/kWh."),
    "price bad": (
        "{amount} is not a price: give what a kWh costs as a plain number up to 100, such as 0.30.",
        "{amount} no es un precio: escriba lo que cuesta un kWh como un número hasta 100, por ejemplo 0.30.",
    ),
    "barred": ("{driver_id} may not charge any more.", "{driver_id} ya no puede recargar."),
    "readmitted": ("{driver_id} may charge again.", "{driver_id} puede recargar de nuevo."),
    "overridden": (
        "{location}: its charging points work in spite of the weather.",
        "{location}: sus puntos de recarga funcionan a pesar del tiempo.",
    ),
    "heeded": ("{location}: the weather counts again.", "{location}: el tiempo vuelve a contar."),
    "limit bad": (
        "{shown} is not a limit: give kWh or an amount as a plain number above 0, such as 5 or 2.50.",
        "{shown} no es un límite: escriba kWh o un importe como un número mayor que 0, por ejemplo 5 o 2,50.",
    ),
    "started": (
        "{cp_id} is waiting for {driver_id} to plug in: {session_id}.",
        "{cp_id} espera a que {driver_id} enchufe: {session_id}.",
    ),
    "nothing runs": ("No charge is running at {cp_id}.", "No hay ninguna recarga en curso en {cp_id}."),
    "charge ends": (
        "{session_id} at {cp_id} is ending; its ticket follows.",
        "{session_id} en {cp_id} termina; llegará su tique.",
    ),
    "charge ends already": (
        "{session_id} at {cp_id} was already ending ({why}).",
        "{session_id} ya se estaba parando en {cp_id} ({why}).",
    ),
    "charge ends later": (
        "{session_id} at {cp_id} ends when its engine is back; close-lost ends it now.",
        "{session_id} en {cp_id} termina cuando vuelva su motor; close-lost la termina ahora.",
    ),
    "lost billed": (
        "{session_id} is closed and billed by estimate: {energy} kWh, {cost} €. Its engine may still correct that.",
        "{session_id} queda cerrada y cobrada por estimación: {energy} kWh, {cost} €. Su motor aún puede corregirlo.",
    ),
    "lost given back": (
        "{session_id} is closed: it had not begun, and its driver has the money back.",
        "{session_id} queda cerrada: no había empezado, y su conductor recupera el dinero.",
    ),
    "moved": ("{cp_id} is now in {location}.", "{cp_id} está ahora en {location}."),
    "moved already": ("{cp_id} is already in {location}.", "{cp_id} ya está en {location}."),
    "topped up": (
        "{driver_id}: {amount} € in, balance {balance} €.",
        "{driver_id}: {amount} € ingresados, saldo {balance} €.",
    ),
    "topped up before": (
        "{driver_id}: {amount} € were already counted with that reference; balance {balance} €.",
        "{driver_id}: ya se contaron {amount} € con esa referencia; saldo {balance} €.",
    ),
    "order repeat": (
        "{why} Repeat it with --reference {reference}: it counts once.",
        "{why} Repítalo con --reference {reference}: cuenta una sola vez.",
    ),
    "confirm": (
        "This ends {count} running charges; go on?",
        "Esto termina {count} recargas en curso; ¿continuar?",
    ),
    "confirm, one": (
        "This ends {count} running charge; go on?",
        "Esto termina {count} recarga en curso; ¿continuar?",
    ),
    "confirm unasked, one": (
        "This ends {count} running charge. To confirm, repeat the command with --yes.",
        "Esto termina {count} recarga en curso. Confírmelo con --yes.",
    ),
    "confirm unasked": (
        "This ends {count} running charges. To confirm, repeat the command with --yes.",
        "Esto termina {count} recargas en curso. Confírmelo con --yes.",
    ),
    "not done": ("Nothing was done.", "No se ha hecho nada."),
    "taken": ("{by} has taken {alert_id}.", "{by} se ocupa de {alert_id}."),
    "left": ("Nobody has taken {alert_id} now.", "Nadie se ocupa ya de {alert_id}."),
    "closed": ("{alert_id} is closed.", "{alert_id} queda cerrado."),
    "nothing": ("Nothing to show.", "Nada que mostrar."),
    "resumed by kafka": (
        "The operator's hold of {cp_id} is lifted.",
        "Se ha levantado la retención del operador sobre {cp_id}.",
    ),
    "not held": (
        "{cp_id} was not held by an operator.",
        "{cp_id} no estaba retenido por un operador.",
    ),
    "order unanswered": (
        (
            "No answer in {seconds} s. Central will still carry out the order if it finds it "
            "before {until}, but not later."
        ),
        "Sin respuesta en {seconds} s. Central aún ejecutará la orden si la ve antes de las {until}; después, no.",
    ),
    "events back": ("Central answers again.", "Central responde de nuevo."),
    "no kafka": (
        "No brokers are configured: set `[kafka] bootstrap`, or give --kafka HOST:PORT.",
        "No hay brokers indicados: ponga `[kafka] bootstrap`, o use --kafka HOST:PORT.",
    ),
    "kafka away": ("Kafka down ({why}); retrying.", "Kafka caído ({why}); reintentando."),
    "kafka there": ("Kafka up again.", "Kafka funciona de nuevo."),
    "more": ("More: --before {cursor}", "Más: --before {cursor}"),
    "central gone": (
        "Central is not running at {url} ({why}): start it, or give --central-api.",
        "Central no funciona en {url} ({why}): arránquela, o indique --central-api.",
    ),
    "central in doubt": (
        "Central at {url} ended before it answered ({why}): look whether it was done before you repeat it.",
        "La Central de {url} terminó antes de responder ({why}): mire si se hizo antes de repetirlo.",
    ),
    "no central": (
        "What answers at {url} is not Central: give its address with --central-api.",
        "Lo que responde en {url} no es Central: indique su dirección con --central-api.",
    ),
    "token refused": (
        "This operator's token is not Central's: copy operator.token from Central's state folder to {path}.",
        "Este token de operador no es el de Central: copie operator.token de su carpeta de estado a {path}.",
    ),
    "plain http": (
        "{url} would send the operator's token in clear text to another computer: use https://",
        "{url} enviaría el token de operador sin cifrar a otro ordenador: use https://",
    ),
    # ---- registering
    "admin password": (
        "Password of the administrator {user} at {url}",
        "Contraseña del administrador {user} en {url}",
    ),
    "no admin password": (
        "The Registry wants the administrator's password: run this on a terminal, or set EVCHARGE_ADMIN_PASSWORD.",
        "El Registry pide la contraseña del administrador: use un terminal, o defina EVCHARGE_ADMIN_PASSWORD.",
    ),
    "added": ("{id} is registered.", "{id} queda registrado."),
    "added already": (
        "{id} is already registered. To replace its credential: evcharge {kind} rotate {id}",
        "{id} ya está registrado. Para cambiar su credencial: evcharge {kind} rotate {id}",
    ),
    "disabled": (
        "{id} is disabled: it gets no more tickets.",
        "{id} está desactivado: no recibirá más credenciales temporales.",
    ),
    "enabled": ("{id} is enabled.", "{id} está activado."),
    "withdraw sure": (
        "Take {id} out of the network? It can only return with a new registration.",
        "¿Dar de baja {id} en la red? Solo vuelve con un registro nuevo.",
    ),
    "withdrawn": ("{id} is withdrawn.", "{id} queda dado de baja."),
    "rotated": (
        "{id} has a new credential; the old one is void.",
        "{id} tiene una credencial nueva; la anterior ya no vale.",
    ),
    "credential": (
        "Its credential, shown only now: {password}",
        "Su credencial, que solo se muestra ahora: {password}",
    ),
    "credential kept": ("Its credential is in {path}.", "Su credencial está en {path}."),
    "credential advice": (
        "Where it runs, put it into {path} (chmod 600) or EVCHARGE_CREDENTIAL.",
        "Donde funcione, póngala en {path} (chmod 600) o en EVCHARGE_CREDENTIAL.",
    ),
    # ---- who may
    "account added": (
        "{who} may log in on Central's pages ({role}). Its password, shown only now: {password}",
        "{who} ya puede entrar en las páginas de Central ({role}). Su contraseña, solo ahora: {password}",
    ),
    "account password": (
        "{who} is logged out everywhere. Its new password, shown only now: {password}",
        "{who} ya no tiene sesiones abiertas. Su nueva contraseña, solo ahora: {password}",
    ),
    "account link": (
        "One click logs {who} in, once, within the hour: {link}",
        "Un clic da acceso a {who}, una vez, en menos de una hora: {link}",
    ),
    "account role": (
        "{who} is now {role}, and must log in again.",
        "{who} es {role} desde ahora; debe volver a entrar.",
    ),
    "account removed": ("{who} may no longer log in.", "{who} ya no puede entrar."),
    "token added": (
        "The token of {who} ({role}), shown only now: {token}",
        "El token de {who} ({role}), solo ahora: {token}",
    ),
    "token wall": (
        "A screen that opens this link shows the wall, until the token is removed: {link}",
        "Una pantalla que abra esto muestra el panel hasta que se quite el token: {link}",
    ),
    "token removed": ("The token of {who} is void.", "El token de {who} ya no vale."),
    # ---- headings of the tables
    "h cp_id": ("CP", "CP"),
    "h driver_id": ("Driver", "Conductor"),
    "h location": ("Location", "Lugar"),
    "h price": ("€/kWh", "€/kWh"),
    "h status": ("Status", "Estado"),
    "h reason": ("Reason", "Motivo"),
    "h charging": ("Charging", "Recarga"),
    "h session_id": ("Session", "Sesión"),
    "h state": ("State", "Estado"),
    "h at": ("Since", "Desde"),
    "h ended_at": ("Ended", "Fin"),
    "h energy": ("kWh", "kWh"),
    "h cost": ("€", "€"),
    "h alert": ("Alert", "Aviso"),
    "h id": ("Id", "Id"),
    "h solved_at": ("Solved", "Resuelto"),
    "h taken_by": ("Taken by", "Se ocupa"),
    "h epoch": ("Epoch", "Época"),
    "h registered_at": ("Registered", "Alta"),
    "h times": ("Times", "Veces"),
    "h name": ("Name", "Nombre"),
    "h role": ("Role", "Papel"),
    "h created_by": ("By", "Por"),
    "h logins": ("Logins", "Sesiones"),
    # ---- headings of files for people
    "csv session_id": ("Session", "Sesión"),
    "csv cp_id": ("Charging point", "Punto de recarga"),
    "csv location": ("Location", "Lugar"),
    "csv driver_id": ("Driver", "Conductor"),
    "csv state": ("State", "Estado"),
    "csv started_at": ("Started", "Inicio"),
    "csv ended_at": ("Ended", "Fin"),
    "csv duration": ("Duration", "Duración"),
    "csv energy": ("Energy (kWh)", "Energía (kWh)"),
    "csv price": ("Price (€/kWh)", "Precio (€/kWh)"),
    "csv cost": ("Cost (€)", "Coste (€)"),
    "csv vat": ("VAT (%)", "IVA (%)"),
    "csv issuer": ("Issued by", "Emisor"),
    "csv reason": ("Reason", "Motivo"),
    "csv note": ("Note", "Nota"),
    "csv sessions": ("Charges", "Recargas"),
    # ---- a report
    "h sessions": ("Charges", "Recargas"),
    "h duration": ("Duration", "Duración"),
    "report total": ("TOTAL", "TOTAL"),
    "h version": ("Version", "Versión"),
    "h address": ("Address", "Dirección"),
    "leading": ("leads", "dirige"),
    "standing by": ("stands by", "a la espera"),
    "gone": ("is not there", "no está"),
    "h away": ("Away since", "Falta desde"),
    "h why": ("Why", "Por qué"),
    "registries": ("The Registries:", "Los Registry:"),
    "alone": (
        "This Central is alone: its books are a file in its state folder (docs/CLUSTER.md).",
        "Esta Central está sola: sus libros son un fichero de su carpeta de estado (docs/CLUSTER.md).",
    ),
    "leads first": ("{who} leads since {at}.", "{who} dirige desde {at}."),
    "leads again": (
        "{who} leads since {at}: it was started again.",
        "{who} dirige desde {at}: se arrancó de nuevo.",
    ),
    "leads handed over": (
        "{who} leads since {at}: {before} was stopped, and handed over.",
        "{who} dirige desde {at}: {before} se paró y le pasó el mando.",
    ),
    "leads killed": (
        "{who} leads since {at}: {before} had ended without a word.",
        "{who} dirige desde {at}: {before} había terminado sin avisar.",
    ),
    "leads silent": (
        "{who} leads since {at}: {before} was frozen, or cut off from the database.",
        "{who} dirige desde {at}: {before} estaba congelada, o sin conexión con la base de datos.",
    ),
    "report of": (
        "{month}, in the days of {zone}, corrections included",
        "{month}, por los días de {zone}, correcciones incluidas",
    ),
    "bad month": ("Give a month such as 2026-11.", "Indique un mes como 2026-11."),
    # ---- words in them
    "estimated": ("estimated", "estimado"),
    "corrected": ("corrected since", "corregido después"),
    "late": ("received late", "recibido tarde"),
    "rebuilt": ("rebuilt after a restore", "reconstruido tras restaurar"),
    "owed": ("{euros} € owed", "{euros} € por pagar"),
    "still owes": (
        "{driver_id} still owes {owed} €: the next money that comes in pays that first.",
        "{driver_id} aún debe {owed} €: el próximo dinero que entre paga eso primero.",
    ),
    "state AUTHORISED": ("authorised", "autorizada"),
    "state CHARGING": ("charging", "en curso"),
    "state TICKETED": ("ended", "terminada"),
    "state REFUSED": ("not taken", "no admitida"),
    "state active": ("active", "activo"),
    "state inactive": ("disabled", "desactivado"),
    "state revoked": ("key revoked", "clave revocada"),
    "state withdrawn": ("withdrawn", "de baja"),
    # ---- backup and restore
    "backup made, one": (
        "{file}: the books of {time}, {events} event. Keep it as safe as the books themselves.",
        "{file}: los libros de {time}, {events} evento. Guárdelo tan seguro como los propios libros.",
    ),
    "backup made": (
        "{file}: the books of {time}, {events} events. Keep it as safe as the books themselves.",
        "{file}: los libros de {time}, {events} eventos. Guárdelo tan seguro como los propios libros.",
    ),
    "backup without keys": (
        "The keys are not in it: without them it goes back into this network's own state folder only (--with-keys).",
        "No contiene las claves: sin ellas solo vuelve a la carpeta de estado de esta misma red (--with-keys).",
    ),
    "backup with keys": (
        "The keys are in it, encrypted. Without the passphrase nobody can open them, not even you.",
        "Contiene las claves, selladas. Sin la contraseña no las abre nadie, usted tampoco.",
    ),
    "backup nothing": (
        "{state} holds no books of Central or the Registry: is it the right --state folder?",
        "{state} no contiene libros de Central ni del Registry: ¿es la carpeta --state correcta?",
    ),
    "backup exists": (
        "{file} already exists, and nothing is overwritten: choose another name.",
        "{file} ya existe y nada se sobrescribe: elija otro nombre.",
    ),
    "backup busy": (
        "the books in {state} changed faster than they could be copied: try again.",
        "los libros de {state} cambiaron más rápido de lo que se copiaban: inténtelo de nuevo.",
    ),
    "backup unwritable": ("cannot write {file}: {why}", "no se puede escribir {file}: {why}"),
    "restore elsewhere": (
        (
            "a backup goes into files: leave `database` of `[central]` and `[registry]` empty, restore, then "
            "`evcharge migrate --to` moves books into an empty PostgreSQL."
        ),
        (
            "una copia va a ficheros: deje vacío `database` de `[central]` y `[registry]`, restaure y luego "
            "`evcharge migrate --to` lleva los libros a un PostgreSQL vacío."
        ),
    ),
    "moved there": (
        (
            "Central's books are in {place} now, compared row by row; the file is kept as central.db.moved. Set "
            "`[central] database` to that address before Central starts."
        ),
        (
            "Los libros de la Central están ahora en {place}, comparados fila por fila; el fichero queda como "
            "central.db.moved. Ponga esa dirección en `[central] database` antes de arrancar la Central."
        ),
    ),
    "moved back": (
        (
            "Central's books are in {path} again, every row and sum checked. Leave `[central] database` empty "
            "before Central starts."
        ),
        (
            "Los libros de la Central están de nuevo en {path}, con cada fila y suma comprobada. Deje vacío "
            "`[central] database` antes de arrancar la Central."
        ),
    ),
    "tables moved there": (
        (
            "The Registry's tables are in {place} now, compared row by row; the file is kept as registry.db.moved. Set "
            "`[registry] database` to that address before a Registry starts."
        ),
        (
            "Las tablas del Registry están ahora en {place}, comparadas fila por fila; el fichero queda como "
            "registry.db.moved. Ponga esa dirección en `[registry] database` antes de arrancar un Registry."
        ),
    ),
    "tables moved back": (
        (
            "The Registry's tables are in {path} again, every row checked. Leave `[registry] database` empty before "
            "the Registry starts."
        ),
        (
            "Las tablas del Registry están de nuevo en {path}, con cada fila comprobada. Deje vacío "
            "`[registry] database` antes de arrancar el Registry."
        ),
    ),
    "passphrase": ("Passphrase for the keys", "Contraseña de las claves"),
    "passphrase again": ("Repeat it", "Repítala"),
    "passphrase differs": ("the two passphrases differ.", "las dos contraseñas no coinciden."),
    "passphrase short": (
        "a passphrase has at least {least} characters.",
        "una contraseña tiene al menos {least} caracteres.",
    ),
    "passphrase unasked": (
        "nobody can be asked for the passphrase here: give --passphrase-file FILE.",
        "aquí no se puede preguntar la contraseña: indique --passphrase-file FICHERO.",
    ),
    "passphrase unreadable": (
        "cannot read the passphrase in {file}: {why}",
        "no se puede leer la contraseña de {file}: {why}",
    ),
    "restore no backup": (
        "{file} is not an evcharge backup, or was cut short: use another one.",
        "{file} no es una copia de evcharge, o está cortada: use otra.",
    ),
    "restore unreadable": ("cannot read {file}: {why}", "no se puede leer {file}: {why}"),
    "restore damaged": (
        "the backup is damaged: {what} is not what its manifest says. Nothing was changed; use another one.",
        "la copia está dañada: {what} no es lo que dice su manifiesto. No se cambió nada; use otra.",
    ),
    "restore newer": (
        "{file} was made by evcharge {version}, schema {schema}; this one knows {known}. Update evcharge first.",
        "{file} es de evcharge {version}, esquema {schema}; este conoce el {known}. Actualice evcharge antes.",
    ),
    "restore newer format": (
        "{file} was made by a newer evcharge ({version}): this one cannot read it. Update evcharge first.",
        "{file} es de un evcharge más nuevo ({version}): este no lo lee. Actualice evcharge antes.",
    ),
    "restore other network": (
        "{file} is from another network: its CA is not the one in {state}. Nothing was changed.",
        "{file} es de otra red: su CA no es la de {state}. No se cambió nada.",
    ),
    "restore no keys": (
        "{state} has no keys of the network: restore a backup that holds them, with --with-keys.",
        "{state} no tiene las claves de la red: restaure una copia que las contenga, con --with-keys.",
    ),
    "restore without keys": (
        "{file} contains no keys: leave out --with-keys, or use a backup that was made with it.",
        "{file} no contiene claves: quite --with-keys, o use una copia hecha con esa opción.",
    ),
    "restore passphrase": (
        "the passphrase does not open the keys. Nothing was changed.",
        "la contraseña no abre las claves. No se cambió nada.",
    ),
    "restored": (
        "The books of {time} are back in {state}.",
        "Los libros de {time} están de nuevo en {state}.",
    ),
    "restore finished": (
        "A restore in {state} was interrupted half way; it is finished now, with all its files.",
        "Una restauración en {state} se interrumpió a medias; ya está terminada, con todos sus ficheros.",
    ),
    "restored keys": ("The keys are back, too.", "Las claves también."),
    "restored aside": (
        "What they replace is kept in {aside}: delete it when all is well.",
        "Lo que reemplazan queda en {aside}: bórrelo cuando todo esté bien.",
    ),
    "restored check": (
        (
            "Next: evcharge audit verify, then start the Registry and Central. The engines "
            "will report what the backup lacks."
        ),
        "Ahora: evcharge audit verify, y luego inicie el Registry y Central. Los motores enviarán lo que falte.",
    ),
    "restored lost": (
        "Top-ups and orders made after {time} are lost: repeat them. Then evcharge audit verify says what was rebuilt.",
        "Se perdieron ingresos y órdenes desde {time}: repítalos. Luego evcharge audit verify dice qué se reconstruyó.",
    ),
}
