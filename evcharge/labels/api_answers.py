"""What Central's API and the Registry answer by themselves, in both languages: found by the English sentence. Pure.

What the rules refuse is in `labels/command_refusals`. `labels/command_errors.translated` knows these, too.
"""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    # ---- any address
    "address takes": ("This address takes {names} only.", "Esta dirección solo admite {names}."),
    "no address": ("There is nothing at this address.", "En esta dirección no hay nada."),
    "big body": (
        "The body is too big: at most {most} KiB.",
        "El cuerpo es demasiado grande: como mucho {most} KiB.",
    ),
    "send JSON": (
        "Send JSON, with the header Content-Type: application/json and no Content-Encoding.",
        "Envíe JSON, con la cabecera Content-Type: application/json y sin Content-Encoding.",
    ),
    "not understood": ("This request could not be understood.", "No se entiende esta petición."),
    "late body": ("The body did not arrive in time.", "El cuerpo no llegó a tiempo."),
    "no database": (
        "The database is unavailable. Try again later.",
        "La base de datos no está disponible. Pruebe más tarde.",
    ),
    "own mistake": (
        "Internal error. The server's log says more.",
        "Error interno. El registro del servidor dice más.",
    ),
    "no HTTP": ("Not a valid HTTP request.", "No es una petición HTTP válida."),
    "many requests": (
        "Too many requests at once. Wait, then try again.",
        "Demasiadas peticiones a la vez. Espere y pruebe de nuevo.",
    ),
    "bad body": ("Bad body: {why}.", "El cuerpo no es válido: {why}."),
    "not JSON": ("The body is not JSON.", "El cuerpo no es JSON."),
    "busy": (
        "Central is busy: check later whether it was done.",
        "La Central está ocupada: compruebe más tarde si se hizo.",
    ),
    "no leader": (
        "The Central that leads does not answer at present. Try again in a moment.",
        "La Central que dirige no responde ahora. Pruebe de nuevo en un momento.",
    ),
    "leader not trusted": (
        (
            "The Central that leads shows a certificate that is not of this network, or not valid now: compare the "
            "clocks, and put its central.pem and central.key back."
        ),
        (
            "La Central que dirige muestra un certificado que no es de esta red o que no vale ahora: compare los "
            "relojes y restaure sus central.pem y central.key."
        ),
    ),
    # ---- who leads of several Centrals, and why
    "led first": ("{who} leads.", "{who} dirige."),
    "led again": ("{who} leads, as before.", "{who} dirige, como antes."),
    "led handed over": (
        "{who} leads: {before} was stopped, and handed over.",
        "{who} dirige: {before} se paró y le pasó el mando.",
    ),
    "led killed": (
        "{who} leads: {before} had ended without a word.",
        "{who} dirige: {before} había terminado sin avisar.",
    ),
    "led silent": (
        "{who} leads: {before} was frozen, or cut off from the database.",
        "{who} dirige: {before} estaba congelada, o sin conexión con la base de datos.",
    ),
    "leader in doubt": (
        "The Central that leads ended before it answered. Look whether it was done before you try again.",
        "La Central que dirige terminó antes de responder. Mire si se hizo antes de probar de nuevo.",
    ),
    # ---- parameters
    "unknown parameter": (
        "Unknown parameter {parameter}: {why}.",
        "Parámetro desconocido {parameter}: {why}.",
    ),
    "takes": ("this address takes {names}", "esta dirección admite {names}"),
    "takes none": ("this address takes none", "esta dirección no admite ninguno"),
    "given twice": ("{parameter} is given twice.", "{parameter} aparece dos veces."),
    "from after to": ("from is later than to.", "from es posterior a to."),
    "far apart": (
        "from and to are more than {most} days apart.",
        "Entre from y to hay más de {most} días.",
    ),
    "some days": (
        "days must be a whole number from 1 to {most}, without a from.",
        "days debe ser un número entero de 1 a {most}, y va sin from.",
    ),
    "a month": ("month must be a month such as 2026-11.", "month debe ser un mes como 2026-11."),
    "an event": (
        "type must be a type of event, such as TicketMade.",
        "type debe ser un tipo de evento, como TicketMade.",
    ),
    "a name": (
        "{parameter} must be a name of at most {most} characters.",
        "{parameter} debe ser un nombre de {most} caracteres como mucho.",
    ),
    "measured when": (
        "measured_at must be like 2026-11-21T08:30:00Z, or Unix seconds.",
        "measured_at debe ser como 2026-11-21T08:30:00Z, o segundos de Unix.",
    ),
    "a date": (
        "{parameter} must be a date such as 2026-11-21.",
        "{parameter} debe ser una fecha como 2026-11-21.",
    ),
    "an instant": (
        "{parameter} must be a date such as 2026-11-21, or an instant such as 2026-11-21T08:30:00Z.",
        "{parameter} debe ser una fecha como 2026-11-21, o un instante como 2026-11-21T08:30:00Z.",
    ),
    "a number": (
        "{parameter} must be a whole number from {least} to {most}.",
        "{parameter} debe ser un número entero de {least} a {most}.",
    ),
    "one of them": ("{parameter} must be one of {names}.", "{parameter} debe ser uno de {names}."),
    "one of these": ("{parameter} must be one of: {names}.", "{parameter} debe ser uno de estos: {names}."),
    "before or after": ("Give before or after, not both.", "Dé before o after, no los dos."),
    "both or neither": (
        "Give latitude and longitude, or neither.",
        "Dé latitude y longitude, o ninguno de los dos.",
    ),
    "where": ("Say where: ?location=…", "Diga dónde: ?location=…"),
    "price or location": ("Give price, location or both.", "Dé price, location o los dos."),
    "session's length": (
        "A session's id has 8 to 96 characters.",
        "El identificador de una sesión tiene de 8 a 96 caracteres.",
    ),
    "a slip": (
        "{euros} € is more than {most} €: is that right?",
        "{euros} € es más de {most} €: ¿es correcto?",
    ),
    "a dear price": (
        "{price} €/kWh is more than {most} €/kWh: is that right?",
        "{price} €/kWh es más de {most} €/kWh: ¿es correcto?",
    ),
    "a page": (
        "{parameter} must be the `next` or `previous` of a page of this list.",
        "{parameter} debe ser el `next` o el `previous` de una página de esta lista.",
    ),
    "name and address": (
        "{parameter} must be a name and an address.",
        "{parameter} debe ser un nombre y una dirección.",
    ),
    "random credential": (
        "credential must be 32 random bytes in base64url.",
        "credential debe ser 32 bytes aleatorios en base64url.",
    ),
    # ---- who asks
    "log in": (
        "Log in first; a program sends the header Authorization: Bearer <token>.",
        "Identifíquese antes; un programa envía la cabecera Authorization: Bearer <token>.",
    ),
    "not for the role": (
        "{who} has the role {role} and may not do this: it is for {names}.",
        "{who} tiene el papel {role} y no puede hacer esto: es para {names}.",
    ),
    "another site": (
        "This came from another site's page: nothing was done. Use Central's own pages.",
        "Esto vino de una página de otro sitio: no se hizo nada. Use las páginas de la Central.",
    ),
    "another name": (
        "This Central is not called {host}: add the name to [registry] names.",
        "Esta Central no se llama {host}: añada el nombre a [registry] names.",
    ),
    "wrong password": (
        "The name or the password is wrong.",
        "El nombre o la contraseña no son correctos.",
    ),
    "wrong old password": (
        "The old password is wrong.",
        "La contraseña antigua no es correcta.",
    ),
    "figures for whom": (
        "Figures are shown on this computer, or after a login.",
        "Las cifras se muestran en este equipo, o a quien se identifique.",
    ),
    "no figures": ("This role may not see the figures.", "Este papel no puede ver las cifras."),
    "own pages": (
        "You have {most} pages open: close some.",
        "Tiene {most} páginas abiertas: cierre alguna.",
    ),
    "all pages": (
        "Too many pages are open on this Central: close some.",
        "Hay demasiadas páginas abiertas en esta Central: cierre alguna.",
    ),
    # ---- accounts and tokens
    "no account": ("There is no account with that name.", "No hay ninguna cuenta con ese nombre."),
    "no token": ("There is no token with that name.", "No hay ningún token con ese nombre."),
    "exists": ("{who} already exists.", "{who} ya existe."),
    "looks like": (
        "{who} could be mistaken for {other}: choose another name.",
        "{who} podría confundirse con {other}: elija otro nombre.",
    ),
    "last admin": (
        "{who} is the last admin: make another one first.",
        "{who} es el último admin: cree antes otro.",
    ),
    "no password here": (
        "{who} has no password here: it is kept where it was registered.",
        "{who} no tiene contraseña aquí: está donde se registró.",
    ),
    "id of a driver": (
        "{who} is the id of a driver: its role can only be driver.",
        "{who} es el identificador de un conductor: su papel solo puede ser driver.",
    ),
    "account of a driver": (
        "A driver's account is named by the driver's id, such as D01.",
        "La cuenta de un conductor se llama como su identificador, por ejemplo D01.",
    ),
    "role of an account": (
        "An account's role is {names} or driver. Programs get a token instead.",
        "El papel de una cuenta es {names} o driver. Los programas reciben un token.",
    ),
    "role of a token": ("A token's role is {names}.", "El papel de un token es {names}."),
    "bad name": (
        "bad name {shown}: use 1 to 32 of a-z, 0-9, _, . and -, with a letter or dot",
        "el nombre {shown} no vale: use de 1 a 32 de a-z, 0-9, _, . y -, con una letra o un punto",
    ),
    "own name": (
        "{who} is, or looks like, a name of the network itself: choose another.",
        "{who} es un nombre de la propia red, o se le parece: elija otro.",
    ),
    # ---- points, drivers, sessions
    "no alert": (
        "There is no open alert with that id.",
        "No hay ningún aviso abierto con ese identificador.",
    ),
    "alert ends itself": (
        "This alert ends when its cause does.",
        "Este aviso termina cuando termina su causa.",
    ),
    "no driver": ("Driver {driver_id} is unknown here.", "Aquí no se conoce al conductor {driver_id}."),
    "other top-up": (
        "That reference belongs to another top-up: choose a new one.",
        "Esa referencia es de otro ingreso: elija una nueva.",
    ),
    "other order": (
        "That reference belongs to another order: choose a new one.",
        "Esa referencia es de otra orden: elija una nueva.",
    ),
    "not sent": (
        "This network does not send that: ask its operator, or leave it empty.",
        "Esta red no envía eso: pregunte a su operador, o déjelo vacío.",
    ),
    "no point": (
        "{cp_id} does not exist: Central has never heard of it.",
        "{cp_id} no existe: la Central nunca ha sabido de él.",
    ),
    "withdrawn": (
        "{who} was withdrawn: register it again first.",
        "{who} está dado de baja: regístrelo de nuevo antes.",
    ),
    "no session": (
        "There is no session with that id.",
        "No hay ninguna sesión con ese identificador.",
    ),
    "no session of yours": (
        "You have no session with that id.",
        "No tiene ninguna sesión con ese identificador.",
    ),
    "void token": (
        "This token is void, or never existed.",
        "Este token está anulado, o nunca existió.",
    ),
    "token for a wall": (
        "Only a viewer's token can open a wall.",
        "Un panel solo se abre con el token de un viewer.",
    ),
    # ---- the Registry
    "not registered": ("{who} is not registered.", "{who} no está registrado."),
    "location of a driver": ("A driver has no location.", "Un conductor no tiene lugar."),
    "point, not driver": (
        "{who} is a charging point, not a driver.",
        "{who} es un punto de recarga, no un conductor.",
    ),
    "no Registry": (
        "What answers there is not a Registry.",
        "Lo que responde ahí no es un Registry.",
    ),
    "being changed": (
        "Somebody else is changing {who}. Try again.",
        "Alguien más está cambiando {who}. Pruebe de nuevo.",
    ),
    "this id being changed": (
        "Somebody else is changing this id. Try again.",
        "Alguien más está cambiando este identificador. Pruebe de nuevo.",
    ),
    "changed just now": (
        "{who} has just changed. Try again.",
        "{who} acaba de cambiar. Pruebe de nuevo.",
    ),
    "one id": ("Give either cp_id or driver_id.", "Dé cp_id o driver_id, uno de los dos."),
    "wrong user": (
        "The user or the password is wrong.",
        "El usuario o la contraseña no son correctos.",
    ),
    "registration over": (
        "That registration of {who} has ended.",
        "Ese registro de {who} ha terminado.",
    ),
    "old login token": (
        "This token is unknown or has expired. Log in again.",
        "Este token no se conoce o ha caducado. Identifíquese de nuevo.",
    ),
    "needs token": (
        "This needs a token: send the header Authorization: Bearer <token>.",
        "Esto necesita un token: envíe la cabecera Authorization: Bearer <token>.",
    ),
    "token of a role": (
        "This token may not do that: its role is {role}.",
        "Este token no puede hacer eso: tiene el papel {role}.",
    ),
    "itself only": (
        "Only {who} itself or an administrator may do this.",
        "Esto solo lo puede hacer {who} o un administrador.",
    ),
    "wrong credential": (
        "The id or its credential is wrong.",
        "El identificador o su credencial no son correctos.",
    ),
    "token of another": (
        "This token is unknown here. Is it from another network? Ask for a new one.",
        "Aquí no se conoce este token. ¿Es de otra red? Pida uno nuevo.",
    ),
    "token used": (
        "This token was already used on {when}: ask for a new one.",
        "Este token ya se usó el {when}: pida uno nuevo.",
    ),
    "token expired": (
        "This token expired on {when}: ask for a new one.",
        "Este token caducó el {when}: pida uno nuevo.",
    ),
    "no ca.pem": (
        "The Registry has no ca.pem in its state folder.",
        "El Registry no tiene ca.pem en su carpeta de estado.",
    ),
    "no ca.pem here": (
        "Central has no ca.pem in its state folder.",
        "Central no tiene ca.pem en su carpeta de estado.",
    ),
    "other credential": (
        "{who} is already registered with another credential. Use that one, or let an administrator rotate it.",
        "{who} ya está registrado con otra credencial. Use esa, o que un administrador la cambie.",
    ),
    "key revoked": (
        "The key of {who} was revoked at Central: rotate its credential instead.",
        "La clave de {who} se revocó en la Central: cambie su credencial.",
    ),
    "changed since": (
        "{who} was changed after this token was made: ask for a new one.",
        "{who} ha cambiado desde que se hizo este token: pida uno nuevo.",
    ),
    "name of the network": (
        "{who} is reserved for the network itself: choose another id.",
        "{who} está reservado para la propia red: elija otro identificador.",
    ),
    "was a point": (
        "{who} was a charging point, and an id keeps its kind: choose another id.",
        "{who} era un punto de recarga, y un identificador no cambia de tipo: elija otro.",
    ),
    "was a driver": (
        "{who} was a driver, and an id keeps its kind: choose another id.",
        "{who} era un conductor, y un identificador no cambia de tipo: elija otro.",
    ),
    "is a point": (
        "{who} is already registered as a charging point, and an id keeps its kind: choose another id.",
        "{who} ya está registrado como punto de recarga, y un identificador no cambia de tipo: elija otro.",
    ),
    "is a driver": (
        "{who} is already registered as a driver, and an id keeps its kind: choose another id.",
        "{who} ya está registrado como conductor, y un identificador no cambia de tipo: elija otro.",
    ),
    "disabled": (
        "{who} is disabled. An administrator must activate it.",
        "{who} está desactivado. Lo tiene que activar un administrador.",
    ),
    "disabled, revoked": (
        "{who} is disabled. Its key was revoked: an administrator must issue a new credential.",
        "{who} está desactivado. Se revocó su clave: un administrador tiene que darle una credencial nueva.",
    ),
    "disabled, withdrawn": (
        "{who} was withdrawn. An administrator must register it again.",
        "{who} está dado de baja. Lo tiene que registrar de nuevo un administrador.",
    ),
    "demo with others": (
        "{what} is for a network of its own, and {who} is registered here: give another folder with --state.",
        "{what} es para una red propia, y aquí está registrado {who}: indique otra carpeta con --state.",
    ),
}
