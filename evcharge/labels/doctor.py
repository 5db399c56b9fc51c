"""What `evcharge doctor` says: what is so, and what to type."""

from collections.abc import Mapping

from evcharge.labels import Words, pulse

SENTENCES: Mapping[str, Words] = {
    # ---- how it is, and what was looked at
    "m well": ("ok", "bien"),
    "m mind": ("mind", "ojo"),
    "m wrong": ("WRONG", "MAL"),
    "m skipped": ("-", "-"),
    "c python": ("Program", "Programa"),
    "c state": ("State folder", "Carpeta de estado"),
    "c modes": ("File modes", "Permisos"),
    "c certificate": ("Certificate", "Certificado"),
    "c disk": ("Disk", "Disco"),
    "c registry": ("Registry", "Registry"),
    "c central": ("Central", "Central"),
    "c central api": ("Central's API", "API de Central"),
    "c version": ("Version", "Versión"),
    "c clock": ("Clock", "Reloj"),
    "c credential": ("Credential", "Credencial"),
    "c health port": ("Engine", "Motor"),
    "c books": ("Books", "Libros"),
    "c central database": ("Central's database", "Base de datos de Central"),
    "c registry database": ("Registry's database", "Base de datos del Registry"),
    "c kafka": ("Kafka", "Kafka"),
    "c notify": ("Notifications", "Avisos"),
    "c weather": ("Weather", "Clima"),
    "c process": ("Process", "Proceso"),
    "all well": ("Nothing is wrong here.", "Aquí no hay nada mal."),
    "some wrong": ("Wrong: {count}. Fix the first one first.", "Mal: {count}. Empiece por lo primero."),
    # ---- this PC
    "python well": ("evcharge {version} on Python {has}.", "evcharge {version} con Python {has}."),
    "python old": (
        (
            "Python {has} is too old: evcharge needs {needs} or newer. Type: sudo apt-get install python3 "
            "python3-venv"
        ),
        (
            "Python {has} es demasiado antiguo: evcharge necesita {needs} o posterior. Escriba: sudo "
            "apt-get install "
            "python3 python3-venv"
        ),
    ),
    "state none": (
        (
            "there is no {path}. On the PC of Registry and Central type: evcharge init. On another one: "
            "evcharge join "
            "TOKEN (evcharge invite makes the token). If it lies elsewhere: --state DIR"
        ),
        (
            "no existe {path}. En el PC de Registry y Central escriba: evcharge init. En otro: evcharge "
            "join TOKEN "
            "(evcharge invite hace el token). Si está en otro sitio: --state DIR"
        ),
    ),
    "state well": ("{path} was made on this PC.", "{path} se creó en este PC."),
    "state unmarked": (
        "{path} does not say where it was made.",
        "{path} no dice dónde se creó.",
    ),
    "state copied": (
        (
            "{path} was copied from another PC: two PCs with one credential put each other out. Move it "
            "away and type: "
            "evcharge join TOKEN. If the other PC is gone for good: rm {path}/machine"
        ),
        (
            "{path} se copió de otro PC: dos PC con una credencial se echan el uno al otro. Apártela y "
            "escriba: evcharge "
            "join TOKEN. Si el otro PC ya no existe: rm {path}/machine"
        ),
    ),
    "state copied, network": (
        (
            "{path}, with the keys of the whole network, was copied from another PC: there must be one "
            "Registry and one "
            "Central. Start none here, or stop those there for good and type: rm {path}/machine"
        ),
        (
            "{path}, con las claves de toda la red, se copió de otro PC: solo puede haber un Registry y "
            "una Central. No "
            "arranque ninguno aquí, o pare los de allí para siempre y escriba: rm {path}/machine"
        ),
    ),
    "modes well": (
        "secrets here: {count}, each readable by its owner only.",
        "secretos aquí: {count}, cada uno solo para su dueño.",
    ),
    "modes open": (
        "{path} has mode {mode}: others may use it, so evcharge refuses it. Type: chmod 600 {path}",
        "{path} tiene permisos {mode}: otros pueden usarlo y evcharge lo rechaza. Escriba: chmod 600 {path}",
    ),
    "modes owner": (
        (
            "{path} belongs to another user (uid {owner}). Run evcharge as that user, or type: sudo chown "
            "{uid} {path}"
        ),
        (
            "{path} es de otro usuario (uid {owner}). Use evcharge como ese usuario o escriba: sudo chown "
            "{uid} {path}"
        ),
    ),
    "folder shut": (
        "{path} has mode {mode}: not even its owner may use what is in it. Type: chmod 700 {path}",
        "{path} tiene permisos {mode}: ni su dueño puede usar lo que contiene. Escriba: chmod 700 {path}",
    ),
    "folder open": (
        (
            "{path} has mode {mode}: others may replace any file in it, whatever the file's own mode. Type: "
            "chmod 700 {path}"
        ),
        (
            "{path} tiene permisos {mode}: otros pueden cambiar cualquier archivo que contiene, tenga los "
            "permisos que tenga. Escriba: chmod 700 {path}"
        ),
    ),
    "folder seen": (
        "{path} has mode {mode}: others see which files are in it. Type: chmod 700 {path}",
        "{path} tiene permisos {mode}: otros ven qué archivos contiene. Escriba: chmod 700 {path}",
    ),
    # ---- certificates of the state folder, with or without a network
    "paper well": ("{path} is whole and holds until {ends}.", "{path} está entero y vale hasta {ends}."),
    "paper unreadable": (
        "{path} cannot be read ({why}). Type: sudo chown {uid} {path} && sudo chmod 644 {path}",
        "{path} no se puede leer ({why}). Escriba: sudo chown {uid} {path} && sudo chmod 644 {path}",
    ),
    "CA missing": (
        (
            "there is no {path}: nobody here can tell our Registry and Central from others. Copy it from "
            "the Registry's PC (scp), or type: evcharge join TOKEN"
        ),
        (
            "no existe {path}: aquí nadie distingue nuestro Registry y nuestra Central de otros. Cópielo "
            "del PC del Registry (scp) o escriba: evcharge join TOKEN"
        ),
    ),
    "CA spoilt": (
        (
            "{path} is spoilt: it holds no certificate. Copy it again from the Registry's PC (scp), or type: "
            "evcharge join --force TOKEN"
        ),
        (
            "{path} está dañado: no contiene ningún certificado. Cópielo de nuevo del PC del Registry (scp) "
            "o escriba: evcharge join --force TOKEN"
        ),
    ),
    "CA ended": (
        (
            "{path} ended on {ends}: the network needs a new CA. If the clock here is wrong, type: sudo "
            "timedatectl set-ntp true"
        ),
        (
            "{path} terminó el {ends}: la red necesita otra CA. Si el reloj de aquí está mal, escriba: sudo "
            "timedatectl set-ntp true"
        ),
    ),
    "own CA missing": (
        (
            "there is no {path}, though its key is here: no other PC would believe a new one. Put it back "
            "from a backup, or copy it from any other PC of this network (scp)"
        ),
        (
            "no existe {path}, aunque su clave está aquí: ningún otro PC creería en uno nuevo. Recupérelo de "
            "una copia de seguridad o cópielo de cualquier otro PC de esta red (scp)"
        ),
    ),
    "own CA spoilt": (
        (
            "{path} is spoilt: it holds no certificate. Put it back from a backup, or copy it from any other "
            "PC of this network (scp)"
        ),
        (
            "{path} está dañado: no contiene ningún certificado. Recupérelo de una copia de seguridad o "
            "cópielo de cualquier otro PC de esta red (scp)"
        ),
    ),
    "own CA other key": (
        (
            "{path} does not belong to ca.key beside it: it is of another network. Put it back from a "
            "backup, or copy it from any other PC of this network (scp)"
        ),
        (
            "{path} no corresponde al ca.key que tiene al lado: es de otra red. Recupérelo de una copia de "
            "seguridad o cópielo de cualquier otro PC de esta red (scp)"
        ),
    ),
    "own CA ended": (
        (
            "{path} ended on {ends}: the network needs a new CA (evcharge init in a new folder), and every "
            "PC joins it again. If the clock here is wrong, type: sudo timedatectl set-ntp true"
        ),
        (
            "{path} terminó el {ends}: la red necesita otra CA (evcharge init en otra carpeta) y cada PC "
            "tiene que volver a unirse. Si el reloj de aquí está mal, escriba: sudo timedatectl set-ntp true"
        ),
    ),
    "server missing": (
        "there is no {path}: its server cannot start. Type: evcharge init",
        "no existe {path}: su servidor no puede arrancar. Escriba: evcharge init",
    ),
    "server spoilt": (
        (
            "{path} is spoilt: it holds no certificate, and its server cannot start. Type: mv {path} "
            "{path}.old && evcharge init (with --name, if other PCs come here)"
        ),
        (
            "{path} está dañado: no contiene ningún certificado y su servidor no puede arrancar. Escriba: mv "
            "{path} {path}.old && evcharge init (con --name, si vienen otros PC)"
        ),
    ),
    "server other key": (
        ("{path} does not belong to the key beside it: its server cannot start. Type: evcharge init --renew"),
        (
            "{path} no corresponde a la clave que tiene al lado: su servidor no puede arrancar. Escriba: "
            "evcharge init --renew"
        ),
    ),
    "server other CA": (
        (
            "{path} is not from the CA of this folder: nobody of this network will believe its server. "
            "Type: evcharge init --renew (and start it again)"
        ),
        (
            "{path} no es de la CA de esta carpeta: nadie de esta red creerá a su servidor. Escriba: "
            "evcharge init --renew (y arránquelo de nuevo)"
        ),
    ),
    "server ended": (
        "{path} ended on {ends}. Type: evcharge init --renew (and start its server again)",
        "{path} terminó el {ends}. Escriba: evcharge init --renew (y arranque su servidor de nuevo)",
    ),
    "disk well": ("{megabytes} MB are free at {path}.", "hay {megabytes} MB libres en {path}."),
    "disk low": (
        "only {megabytes} MB are free at {path}. See what uses the space: du -sh {path}/*",
        "solo quedan {megabytes} MB libres en {path}. Mire qué ocupa sitio: du -sh {path}/*",
    ),
    "disk full": (
        (
            "only {megabytes} MB are free at {path}: soon no charge can be stored, and none "
            "will begin. Free some space; see where: df -h {path}"
        ),
        (
            "solo quedan {megabytes} MB libres en {path}: pronto no se podrá guardar ninguna recarga y "
            "no empezará "
            "ninguna. Haga sitio; mire dónde: df -h {path}"
        ),
    ),
    # ---- ways
    "way open": ("{at} answers.", "{at} responde."),
    "way refused here": (
        "{at} refuses the connection: nothing listens on that port of this PC. Type: {start}",
        "{at} rechaza la conexión: nada escucha en ese puerto de este PC. Escriba: {start}",
    ),
    "way refused": (
        (
            "{at} refuses the connection: that PC is there, but the port is closed: nothing listens on "
            "it for other "
            "PCs. Type there: {start}"
        ),
        (
            "{at} rechaza la conexión: ese PC está, pero el puerto está cerrado: nada escucha en él para "
            "otros PC. "
            "Escriba allí: {start}"
        ),
    ),
    "way dropped": (
        (
            "{at} gives no answer within {seconds} s: a firewall drops what comes, or that PC is off, or "
            "has another "
            "address. Type there: sudo ufw allow {port}/tcp"
        ),
        (
            "{at} no responde en {seconds} s: un cortafuegos descarta lo que llega, o ese PC está "
            "apagado o tiene otra "
            "dirección. Escriba allí: sudo ufw allow {port}/tcp"
        ),
    ),
    "way turned away": (
        (
            "{at}: a firewall or router says no (ICMP). On that PC type: sudo firewall-cmd "
            "--add-port={port}/tcp (or "
            "sudo ufw allow {port}/tcp)"
        ),
        (
            "{at}: un cortafuegos o un router dice que no (ICMP). En ese PC escriba: sudo firewall-cmd "
            "--add-port={port}/tcp (o sudo ufw allow {port}/tcp)"
        ),
    ),
    "way nobody": (
        "{at}: no PC of this network has the address {host}. Is it on? There type: ip addr",
        "{at}: ningún PC de esta red tiene la dirección {host}. ¿Está encendido? Allí escriba: ip addr",
    ),
    "way no route": (
        "{at}: no network of this PC leads there. Look at cable, Wi-Fi and VPN, and type: ip route",
        (
            "{at}: ninguna red de este PC lleva hasta allí. Mire el cable, el Wi-Fi y la VPN, y escriba: ip "
            "route"
        ),
    ),
    "way no name": (
        "{host}: that name is not known here. Use the address of that PC; on it type: hostname -I",
        "{host}: ese nombre no se conoce aquí. Use la dirección de ese PC; en él escriba: hostname -I",
    ),
    "way held back": (
        "{at}: the firewall of this PC lets nothing out to there. Type: sudo ufw allow out {port}/tcp",
        (
            "{at}: el cortafuegos de este PC no deja salir nada hacia allí. Escriba: sudo ufw allow out "
            "{port}/tcp"
        ),
    ),
    "way failed": ("{at}: {why}.", "{at}: {why}."),
    "way silent": (
        (
            "{at} accepts the connection but says nothing for {seconds} s: the program there "
            "hangs, or is a different one. Type there: evcharge health"
        ),
        (
            "{at} acepta la conexión y no dice nada en {seconds} s: lo que escucha allí está colgado o "
            "es otro "
            "programa. Escriba allí: evcharge health"
        ),
    ),
    # ---- certificates
    "tls ours": (
        "{at} answers, and its certificate is from our CA.",
        "{at} responde, y su certificado es de nuestra CA.",
    ),
    "tls unchecked": (
        "{at} answers, but without a good ca.pem in {path} its identity cannot be checked.",
        "{at} responde; sin un ca.pem bueno en {path} nadie sabe quién es.",
    ),
    "tls other CA, own": (
        (
            "{at} shows a certificate of another CA than {path}, the CA of this network: a server of another "
            "state folder, or one that was started before this folder was put back, has that port. See "
            "which: ss -ltnp. Stop it and type: {start}"
        ),
        (
            "{at} muestra un certificado de otra CA que {path}, la CA de esta red: ese puerto lo tiene un "
            "servidor de otra carpeta de estado, o uno arrancado antes de recuperar esta. Mire cuál: ss "
            "-ltnp. Párelo y escriba: {start}"
        ),
    ),
    "tls other CA": (
        (
            "{at} shows a certificate of another CA than {path}: it is of another network, or somebody "
            "stands in "
            "between. If {at} is right, type: evcharge join --force TOKEN"
        ),
        (
            "{at} muestra un certificado de otra CA que {path}: es de otra red, o alguien está en medio. "
            "Si {at} es "
            "correcto, escriba: evcharge join --force TOKEN"
        ),
    ),
    "tls other name": (
        (
            "{at}: its certificate does not name {host}; it names {names}. Use one of these, or type on "
            "its PC: "
            "evcharge init --add-name {host} (and start it again)"
        ),
        (
            "{at}: su certificado no nombra {host}; nombra {names}. Use uno de estos o escriba en su PC: "
            "evcharge init "
            "--add-name {host} (y arránquelo de nuevo)"
        ),
    ),
    "tls not yet": (
        (
            "{at}: its certificate holds from {begins} on, and the clock here says {now}. Set the clock: "
            "sudo "
            "timedatectl set-ntp true"
        ),
        (
            "{at}: su certificado vale desde {begins} y el reloj de aquí dice {now}. Ponga el reloj en "
            "hora: sudo "
            "timedatectl set-ntp true"
        ),
    ),
    "tls expired": (
        (
            "{at}: its certificate ended on {ends}; the clock here says {now}. If that is right, type on "
            "its PC: "
            "evcharge init --renew. Else set the clock: sudo timedatectl set-ntp true"
        ),
        (
            "{at}: su certificado terminó el {ends}; el reloj de aquí dice {now}. Si es correcto, "
            "escriba en su PC: "
            "evcharge init --renew. Si no, ponga el reloj en hora: sudo timedatectl set-ntp true"
        ),
    ),
    "tls none": (
        "{at}: the program there does not speak TLS: another program uses that port. Type there: ss -ltnp",
        "{at}: lo que responde no habla TLS: otro programa tiene ese puerto. Escriba allí: ss -ltnp",
    ),
    # ---- Central, and who may take part
    "knock well": (
        "{at} answers, and takes the ticket of {id}.",
        "{at} responde y acepta el tique de {id}.",
    ),
    "knock ticket": (
        (
            "{at} does not understand the ticket of {id}: its service.key is not the Registry's. Copy "
            "service.key from "
            "the Registry's PC to Central's (scp), then start Central again: evcharge central"
        ),
        (
            "{at} no entiende el tique de {id}: su service.key no es la del Registry. Copie service.key "
            "del PC del "
            "Registry al de Central (scp) y arranque Central de nuevo: evcharge central"
        ),
    ),
    "knock clock": (
        (
            "{at}: the clocks of Central and the Registry differ too much for the ticket of {id}. Type "
            "on both: sudo "
            "timedatectl set-ntp true"
        ),
        (
            "{at}: los relojes de Central y del Registry difieren demasiado para el tique de {id}. "
            "Escriba en los dos: "
            "sudo timedatectl set-ntp true"
        ),
    ),
    "knock revoked": (
        (
            "{at}: the keys of {id} were revoked. On Central's PC type: evcharge cp rotate {id} (of a "
            "driver: evcharge "
            "driver rotate {id})"
        ),
        (
            "{at}: las claves de {id} fueron revocadas. En el PC de Central escriba: evcharge cp rotate "
            "{id} (de un "
            "conductor: evcharge driver rotate {id})"
        ),
    ),
    "knock version": (
        (
            "{at} speaks another version of the protocol. Install the same evcharge on both PCs; see "
            "which: evcharge "
            "--version"
        ),
        (
            "{at} habla otra versión del protocolo. Instale el mismo evcharge en los dos PC; mire cuál: "
            "evcharge "
            "--version"
        ),
    ),
    "knock not Central": (
        (
            "{at}: what answers is not our Central. Is the address right? See evcharge ports there, and "
            "--central HOST:PORT "
            "here"
        ),
        (
            "{at}: lo que responde no es nuestra Central. ¿Es correcta la dirección? Mire evcharge ports "
            "allí y --central "
            "HOST:PORT aquí"
        ),
    ),
    "knock other": ("{at} says to {id}: {why}", "{at} dice a {id}: {why}"),
    "version well": (
        "Central has evcharge {theirs}, too.",
        "Central también tiene evcharge {theirs}.",
    ),
    "version other": (
        (
            "here is evcharge {version}, at Central {theirs}. They understand each other as far as both "
            "can; to have the "
            "same, type: pip install evcharge=={theirs}"
        ),
        (
            "aquí hay evcharge {version}, en Central {theirs}. Se entienden en lo que ambos saben; para "
            "tener el mismo "
            "escriba: pip install evcharge=={theirs}"
        ),
    ),
    "version unasked": (
        (
            "here is evcharge {version}; Central's API did not say which one it has. Type there: evcharge "
            "--version"
        ),
        "aquí hay evcharge {version}; la API de Central no dijo cuál tiene. Escriba allí: evcharge --version",
    ),
    "clock well": (
        "it agrees with {who} ({seconds} s apart).",
        "coincide con {who} ({seconds} s de diferencia).",
    ),
    "clock ahead": (
        (
            "the clock here is {seconds} s ahead of {who}. Type, on the PC that is wrong: sudo timedatectl "
            "set-ntp true"
        ),
        (
            "el reloj de aquí va {seconds} s por delante de {who}. Escriba en el PC equivocado: sudo "
            "timedatectl "
            "set-ntp true"
        ),
    ),
    "clock behind": (
        (
            "the clock here is {seconds} s behind {who}. Type, on the PC that is wrong: sudo timedatectl "
            "set-ntp true"
        ),
        (
            "el reloj de aquí va {seconds} s por detrás de {who}. Escriba en el PC equivocado: sudo "
            "timedatectl "
            "set-ntp true"
        ),
    ),
    "clock alone": (
        "no server answered that it could be compared with.",
        "no respondió nadie con quien compararlo.",
    ),
    "credential well": (
        "the Registry takes that of {id}.",
        "el Registry acepta la de {id}.",
    ),
    "credential refused": (
        (
            "the Registry does not take that of {id} ({path}). On Central's PC type: evcharge invite "
            "{kind} {id}, and here: "
            "evcharge join TOKEN"
        ),
        (
            "el Registry no acepta la de {id} ({path}). En el PC de Central escriba: evcharge invite "
            "{kind} {id}, y aquí: "
            "evcharge join TOKEN"
        ),
    ),
    "credential disabled": (
        (
            "{id} is disabled or withdrawn at the Registry. On Central's PC type: evcharge cp enable "
            "{id}, or cp add {id} "
            "(of a driver: evcharge driver enable {id})"
        ),
        (
            "{id} está dado de baja en el Registry. En el PC de Central escriba: evcharge cp enable "
            "{id}, o cp add {id} "
            "(de un conductor: evcharge driver enable {id})"
        ),
    ),
    "credential unreadable": (
        "the credential of {id} cannot be used: {why}",
        "la de {id} no se puede usar: {why}",
    ),
    "credential unasked": (
        "the Registry could not be asked about the credential of {id}.",
        "no se pudo preguntar al Registry por la de {id}.",
    ),
    "ticket expired": (
        (
            "the ticket of {id} has expired, and only the Registry gives a new one: it does not answer. "
            "On its PC type: "
            "evcharge registry"
        ),
        (
            "el tique de {id} ha caducado y solo el Registry da uno nuevo: no responde. En su PC "
            "escriba: evcharge "
            "registry"
        ),
    ),
    # ---- one Central
    "books at work": (
        "Central (process {pid}) works with {path}.",
        "Central (proceso {pid}) trabaja con {path}.",
    ),
    "books free": (
        "no Central works with {path}.",
        "ninguna Central trabaja con {path}.",
    ),
    "books copy": (
        (
            "{path} is a copy of the books of the Central at {url} (its first {rows} rows). Start no "
            "Central here: a "
            "network has one"
        ),
        (
            "{path} es una copia de los libros de la Central de {url} (sus primeras {rows} filas). No "
            "arranque ninguna "
            "Central aquí: una red tiene una"
        ),
    ),
    "books second Central": (
        (
            "there are two Centrals: the one at {url} does not work with {path}. Stop the one that is "
            "wrong (here: kill "
            "{pid}); a network has one"
        ),
        (
            "hay dos Centrales: la de {url} no trabaja con {path}. Pare la equivocada (aquí: kill "
            "{pid}); una red tiene "
            "una"
        ),
    ),
    # ---- what may be there
    "central database well": (
        "{at} takes Central in; its books are of schema {schema}.",
        "{at} admite a Central; sus libros son del esquema {schema}.",
    ),
    "central database empty": (
        (
            "{at} takes Central in, and holds no books yet: evcharge central makes new ones, "
            "evcharge migrate --to brings those of a file."
        ),
        (
            "{at} admite a Central, y todavía no tiene libros: evcharge central los crea, "
            "evcharge migrate --to trae los de un archivo."
        ),
    ),
    "registry database well": (
        "{at} takes the Registry in; its tables are of schema {schema}.",
        "{at} admite al Registry; sus tablas son del esquema {schema}.",
    ),
    "registry database empty": (
        (
            "{at} takes the Registry in, and holds no tables of it yet: evcharge registry makes new ones, "
            "evcharge migrate --books registry --to brings those of a file."
        ),
        (
            "{at} admite al Registry, y todavía no tiene sus tablas: evcharge registry las crea, "
            "evcharge migrate --books registry --to trae las de un archivo."
        ),
    ),
    "database wrong": ("{why}", "{why}"),
    "kafka off": ("not used ([kafka] bootstrap is empty).", "no se usa ([kafka] bootstrap está vacío)."),
    "kafka well": (
        "{at} accepts us, and so do all its brokers.",
        "{at} nos deja entrar, y todos sus brokers también.",
    ),
    "kafka away": (
        "{why}. Everything else goes on without it.",
        "{why}. Todo lo demás sigue sin él.",
    ),
    "notify well": (
        "as far as Central knows, every way of telling operators works.",
        "que la Central sepa, todos los medios de avisar a los operadores funcionan.",
    ),
    "notify away": (
        "nobody is told by {way}: {why}. Look at `[notify]` where Central runs, and at the server that it names.",
        "no se avisa a nadie por {way}: {why}. Mire `[notify]` donde corre la Central, y el servidor que nombra.",
    ),
    "kafka advertised": (
        (
            "{at} answers, but sends us on to an address that is wrong here: {why}. Set "
            "advertised.listeners of that "
            "broker to an address that this PC reaches, such as PLAINTEXT://{at}, and start it again"
        ),
        (
            "{at} responde, pero nos manda a una dirección que aquí no vale: {why}. Ponga en "
            "advertised.listeners de ese "
            "broker una dirección a la que llegue este PC, como PLAINTEXT://{at}, y arránquelo de nuevo"
        ),
    ),
    "weather off": ("this PC has no weather service.", "aquí no va ningún servicio del clima."),
    "weather well": ("{source} answers.", "{source} responde."),
    "weather away": (
        "{source} gives nothing: {why}. Without internet type: evcharge weather --simulate front.txt",
        "{source} no da nada: {why}. Sin internet escriba: evcharge weather --simulate front.txt",
    ),
    # ---- processes, in the words of evcharge health
    **pulse.SENTENCES,
}
