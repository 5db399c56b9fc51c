"""What `evcharge invite` and `evcharge join` say."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    # ---- what is wrong with a token, before anybody is asked
    "empty": (
        "There is no token. Paste the whole line that evcharge invite printed.",
        "No hay ningún token. Pegue la línea entera que mostró evcharge invite.",
    ),
    "not a token": (
        "This is no token of evcharge: one begins with {prefix}. Paste the line that evcharge invite printed.",
        "Esto no es un token de evcharge: empiezan por {prefix}. Pegue la línea que mostró evcharge invite.",
    ),
    "other version": (
        (
            "This token has version {version}, and this evcharge knows version {known}: install the same evcharge "
            "on both PCs, or copy the token again."
        ),
        (
            "Este token es de la versión {version} y este evcharge conoce la {known}: instale el mismo evcharge en "
            "los dos PC o copie el token de nuevo."
        ),
    ),
    "wrong alphabet": (
        "The token contains the character {character}, which is never part of one. Copy it again.",
        "El token contiene el carácter {character}, que ningún token tiene. Cópielo de nuevo.",
    ),
    "cut off": (
        "The token is not whole: {missing} of its {length} characters are missing. Copy all of it.",
        "El token no está completo: faltan {missing} de sus {length} caracteres. Cópielo entero.",
    ),
    "too long": (
        "Something stands after the token: {surplus} characters too many. Copy the token alone.",
        "Hay algo detrás del token: sobran {surplus} caracteres. Copie solo el token.",
    ),
    "mistyped": (
        "The token is damaged: at least one character is wrong. Copy it again instead of typing it.",
        "El token está dañado: al menos un carácter no es correcto. Cópielo de nuevo en vez de teclearlo.",
    ),
    # ---- making one
    "made": (
        "Good once, until {until}, for {id}. On its PC type  evcharge join  and paste it.",
        "Vale una vez, hasta el {until}, para {id}. En su PC escriba  evcharge join  y péguelo.",
    ),
    "this pc only": (
        (
            "Mind: {address} leads to this PC only. If it is for another PC, say at which address that one finds "
            "this one: "
            "evcharge invite … --host 192.168.1.10"
        ),
        (
            "Atención: {address} lleva solo a este PC. Si es para otro PC, diga en qué dirección encuentra a este: "
            "evcharge invite … --host 192.168.1.10"
        ),
    ),
    "not named": (
        (
            "Note: the Registry's certificate does not name {host}, so the other PC will refuse it. Run "
            "evcharge init --add-name {host}, and start the Registry and Central again."
        ),
        (
            "Atención: el certificado del Registry no nombra {host} y el otro PC lo rechazará. Ejecute "
            "evcharge init --add-name {host} y arranque de nuevo el Registry y la Central."
        ),
    ),
    # ---- joining
    "paste": ("Paste the token", "Pegue el token"),
    "go on": ("… and the rest of it", "… y el resto"),
    "other addresses": (
        (
            "{path} has other addresses already ({there}; the token says {here}). Nothing was changed. Use another "
            "state folder (--state DIR), or --force to replace them."
        ),
        (
            "{path} ya tiene otras direcciones ({there}; el token dice {here}). No se ha cambiado nada. Use otra "
            "carpeta de estado (--state DIR) o --force para sustituirlas."
        ),
    ),
    "other network": (
        (
            "{path} is the CA of another network. Nothing was changed. Use another state folder (--state DIR), or "
            "--force to leave that network."
        ),
        (
            "{path} es la CA de otra red. No se ha cambiado nada. Use otra carpeta de estado (--state DIR) o --force "
            "para dejar esa red."
        ),
    ),
    "own network": (
        "{state} is the state folder of another Registry: joining would spoil it. Use another one (--state DIR).",
        "{state} es la carpeta de estado de otro Registry: unirse la estropearía. Use otra (--state DIR).",
    ),
    "impostor": (
        (
            "What answers at {url} is not the Registry of this token: its CA has another fingerprint. Somebody may "
            "stand in between. Nothing was sent. Ask the administrator."
        ),
        (
            "Lo que responde en {url} no es el Registry de este token: la huella de su CA es otra. Puede que alguien "
            "se interponga. No se ha enviado nada. Pregunte al administrador."
        ),
    ),
    "no ca": (
        "What answers at {url} gives no CA certificate. Is it the Registry of this network?",
        "Lo que responde en {url} no da ningún certificado de CA. ¿Es el Registry de esta red?",
    ),
    "between": (
        (
            "What answers at {url} shows a certificate that is not from the CA of this token. Somebody may stand in "
            "between. The token was not sent. Ask the administrator."
        ),
        (
            "Lo que responde en {url} muestra un certificado que no es de la CA de este token. Puede que alguien se "
            "interponga. El token no se ha enviado. Pregunte al administrador."
        ),
    ),
    "refused": ("{text}", "El Registry no acepta el token: {text}"),
    "lost": (
        "{text} The token was perhaps taken: run the same command again within ten minutes, here.",
        "{text} Puede que el token ya cuente: repita la misma orden aquí antes de diez minutos.",
    ),
    "here already": (
        "{id} has a credential in this state folder: if it was you, just start it.",
        "{id} tiene una credencial en esta carpeta de estado: si fue usted, simplemente arránquelo.",
    ),
    "joined": (
        "{id} has joined the network of {url}. Its credential is in {path}.",
        "{id} se ha unido a la red de {url}. Su credencial está en {path}.",
    ),
    "overruled": (
        "Mind: the environment or a setting says {key} = {value}, which goes before the token.",
        "Atención: el entorno o un ajuste dice {key} = {value}, que va antes que el token.",
    ),
    "next": ("Next, type:", "Ahora escriba:"),
    "beside": ("It starts here. In another terminal, type:", "Arranca aquí. En otra terminal, escriba:"),
}
