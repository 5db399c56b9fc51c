"""What the weather service says, in English and Spanish. Said through `labels.Speech`."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    # ---- what a source did wrong: `weather lost` says it after the course's own words
    "silent": ("{source} does not answer ({why})", "{source} no responde ({why})"),
    "key refused": (
        "{source} does not accept the key (a new one may take two hours; it stands in {where})",
        "{source} no acepta la clave (una nueva puede tardar dos horas; está en {where})",
    ),
    "key refused, in short": ("{source} does not accept its key", "{source} no acepta su clave"),
    "too many questions": (
        "{source} was asked too often and wants us to wait",
        "se ha preguntado demasiado a {source} y pide esperar",
    ),
    "status": ("{source} answers with error {status}", "{source} responde con el error {status}"),
    "redirected": (
        "{source} redirects us elsewhere, and we do not send the key there; a login page of this network?",
        "{source} nos envía a otro sitio, adonde no va la clave; ¿una página de acceso de esta red?",
    ),
    "nonsense": (
        "{source} does not answer with weather data",
        "{source} responde con algo que no es el tiempo",
    ),
    "too big": ("{source} sends too long an answer", "{source} responde con demasiados datos"),
    "refused question": (
        "{source} refuses the request for {location}",
        "{source} rechaza la pregunta sobre {location}",
    ),
    "unknown place": (
        "{source} knows no place called {location}; say where it is: {how}",
        "{source} no conoce ningún lugar llamado {location}; diga dónde está: {how}",
    ),
    "another place": (
        "{source} answers for another place than {location}",
        "{source} responde de otro lugar que no es {location}",
    ),
    "other units": (
        "{source} answers in other units than °C and m/s",
        "{source} responde en unidades que no son °C y m/s",
    ),
    "no temperature": (
        "{source} gives no temperature for {location}",
        "{source} no da la temperatura de {location}",
    ),
    "absurd temperature": (
        "{source} says {value} °C in {location}, which cannot be",
        "{source} dice {value} °C en {location}, lo que no puede ser",
    ),
    "absurd wind": (
        "{source} says a wind of {value} m/s in {location}, which cannot be",
        "{source} dice un viento de {value} m/s en {location}, lo que no puede ser",
    ),
    "too late": (
        "{source} measured {location} {minutes} minutes ago: too old",
        "{source} midió {location} hace {minutes} minutos: demasiado antiguo",
    ),
    "from the future": (
        "{source} dates its measurement of {location} {minutes} minutes in the future: is the clock here right?",
        "{source} midió {location} dentro de {minutes} minutos: ¿va bien el reloj de aquí?",
    ),
    "bad file": ("the timeline cannot be used: {why}", "la línea de tiempo no sirve: {why}"),
    "how, menu": ("key c", "tecla c"),
    "how, pipe": ("change {location} = …", "change {location} = …"),
    "weather lost": ("{phrase}: {why}. Nothing changes.", "{phrase}: {why}. Nada cambia."),
    "weather back": ("{phrase} ({location}).", "{phrase} ({location})."),
    "no weather": (
        "No weather of {location}: {why}. Nothing changes there.",
        "Sin el tiempo de {location}: {why}. Allí nada cambia.",
    ),
    "weather again": (
        "The weather of {location} is known again.",
        "Se conoce de nuevo el tiempo de {location}.",
    ),
    # ---- Central
    "central lost": (
        "{phrase} ({why}). The weather is watched on; Central hears it on its return.",
        "{phrase} ({why}). Se sigue mirando el tiempo; la Central lo sabrá a su vuelta.",
    ),
    "central back": ("{phrase}.", "{phrase}."),
    "central refused": (
        "Central does not take the weather of {location}: {why}",
        "La Central no acepta el tiempo de {location}: {why}",
    ),
    "central gone": (
        "Central's API does not answer at {url} ({why})",
        "la API de la Central no responde en {url} ({why})",
    ),
    "central in doubt": (
        "Central's API ended before it answered at {url} ({why})",
        "la API de la Central terminó antes de responder en {url} ({why})",
    ),
    "no central": ("the program at {url} is not Central", "lo que responde en {url} no es la Central"),
    "token refused": (
        "Central does not know this weather service: copy its weather.token to {path}.",
        "La Central no conoce este servicio del clima: copie su weather.token a {path}.",
    ),
    "plain http": (
        "{url} would send a secret in clear text to another computer: use https://",
        "{url} enviaría un secreto sin cifrar a otro ordenador: use https://",
    ),
    "needs operator": (
        "Moving a charging point needs the operator's token: copy operator.token to {path}.",
        "Mover un punto de recarga pide el token del operador: copie operator.token a {path}.",
    ),
    "operator refused": (
        "Central does not know this operator's token: copy operator.token from its state folder to {path}.",
        "La Central no conoce este token de operador: copie operator.token de su carpeta de estado a {path}.",
    ),
    # ---- what happens
    "namesake abroad": (
        '{city}: taken as {taken}; write "{other}" for another',
        "{city}: se toma por {taken}; escriba «{other}» para otro",
    ),
    "namesake": (
        "{city}: taken as {taken}; there is another at {there}: {how}",
        "{city}: se toma por {taken}; hay otro en {there}: {how}",
    ),
    "started": (
        "The weather comes from {source}; Central is at {url}.",
        "El tiempo viene de {source}; la Central está en {url}.",
    ),
    "stopped": ("Weather service stopped.", "Servicio del clima parado."),
    "watching": ("{location} is watched now.", "{location} se vigila ahora."),
    "not watching": ("{location} is no longer watched.", "{location} ya no se vigila."),
    "alert begins": ("ALERT {location}: {what} ({weather})", "ALERTA {location}: {what} ({weather})"),
    "alert ends": ("{location}: {what} is over ({weather})", "{location}: fin de {what} ({weather})"),
    "simulated": ("a simulation ({file})", "una simulación ({file})"),
    # ---- the menu
    "title": ("WEATHER {source}", "CLIMA {source}"),
    "central": ("Central", "Central"),
    "source": ("Weather", "Clima"),
    "ok": ("OK", "OK"),
    "not yet": ("not asked yet", "aún sin preguntar"),
    "connected": ("connected, {url}", "conectado, {url}"),
    "cities": ("Locations ({count})", "Lugares ({count})"),
    "no cities": ("none yet: Central knows no charging point", "ninguno: la Central no conoce puntos aún"),
    "h location": ("Location", "Lugar"),
    "h where": ("Where", "Dónde"),
    "h celsius": ("°C", "°C"),
    "h wind": ("m/s", "m/s"),
    "h points": ("CPs", "CPs"),
    "h measured": ("Measured", "Medido"),
    "h weather": ("Weather", "Tiempo"),
    "good": ("good", "bueno"),
    "overridden": ("{what} (overridden)", "{what} (anulado)"),
    "unknown": ("unknown", "desconocido"),
    "messages": ("Messages", "Mensajes"),
    "nothing yet": ("nothing yet", "nada todavía"),
    "faults": ("Faults", "Averías"),
    "no faults": ("no faults", "sin averías"),
    "since": ("since {at}", "desde {at}"),
    "restored": ("restored {at}", "restablecido {at}"),
    "key a": ("add a city", "añadir ciudad"),
    "key d": ("drop a city", "quitar ciudad"),
    "key c": ("change a city", "cambiar ciudad"),
    "key m": ("move a CP", "mover un CP"),
    "key l": ("faults", "averías"),
    "key q": ("quit", "salir"),
    "ask add": ("City to watch:", "Ciudad que vigilar:"),
    "ask drop": ("City to stop watching:", "Ciudad que dejar de vigilar:"),
    "ask change": ("Location to change:", "Lugar que cambiar:"),
    "ask change to": (
        'Where {location} is: a city, or "latitude, longitude":',
        'Dónde está {location}: una ciudad, o "latitud, longitud":',
    ),
    "ask move": ("Charging point to move:", "Punto de recarga que mover:"),
    "ask move to": ("New location of {cp_id}:", "Nuevo lugar de {cp_id}:"),
    "help": (
        "list · add CITY · drop CITY · change LOCATION = CITY (or 38.34, -0.48) · move CP001 CITY · faults · quit",
        "list · add CIUDAD · drop CIUDAD · change LUGAR = CIUDAD (o 38.34, -0.48) · move CP001 CIUDAD · faults · quit",
    ),
    "bad city": (
        "a name is 1 to 80 characters on one line",
        "un nombre tiene de 1 a 80 caracteres en una línea",
    ),
    "bad cp": (
        "{cp_id} is not the name of a charging point",
        "{cp_id} no es el nombre de un punto de recarga",
    ),
    "changed": (
        "The weather of {location} is now that of {city}.",
        "El tiempo de {location} es ahora el de {city}.",
    ),
    "not ours": (
        "{location} is not in the list of further cities; a location of charging points is always watched.",
        "{location} no está en la lista de ciudades añadidas; un lugar con puntos siempre se vigila.",
    ),
    "moved": ("{cp_id} is now in {location}.", "{cp_id} está ahora en {location}."),
    "not done": ("not done: {why}", "no hecho: {why}"),
    "line": ("{location}: {weather}; {alerts}; CPs: {cps}", "{location}: {weather}; {alerts}; CPs: {cps}"),
    "weather": ("{celsius} °C, wind {wind} m/s", "{celsius} °C, viento {wind} m/s"),
    "weather, no wind": ("{celsius} °C", "{celsius} °C"),
}
