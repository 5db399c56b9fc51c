"""What pages show of our sentences, in French: by table and name. Pure."""

from collections.abc import Mapping

SENTENCES: Mapping[str, Mapping[str, str]] = {
    "STATUSES": {
        "Available": "Disponible",
        "Preparing": "Préparation",
        "Charging": "En charge",
        "Unavailable": "Hors service",
        "Faulted": "En panne",
        "Disconnected": "Déconnecté",
        "Finishing": "Occupé",
    },
    "REASONS": {
        "unplugged": "débranché",
        "driver": "arrêtée par le conducteur",
        "operator": "arrêtée par l’opérateur",
        "weather": "arrêtée à cause de la météo",
        "fault": "panne du point de charge",
        "limit": "limite prépayée atteinte",
        "own limit": "limite du conducteur atteinte",
        "battery full": "batterie pleine",
        "restart": "le point de charge a redémarré",
        "key revoked": "clé révoquée",
        "monitor lost": "moniteur perdu",
        "charging point lost": "point de charge perdu",
        "journal damaged": "journal endommagé",
        "engine stopped": "le moteur du point de charge a été arrêté",
        "not plugged in": "pas branché à temps",
        "busy": "point de charge occupé",
        "never started": "jamais commencée",
        "other": "autre motif",
    },
    "CODES": {
        "E_VERSION": "version du protocole non prise en charge",
        "E_MALFORMED": "messages incompréhensibles",
        "E_TOO_BIG": "message trop grand",
        "E_FIELD": "une valeur n’est pas permise",
        "E_TICKET": "ticket de connexion non accepté",
        "E_EXPIRED": "ticket de connexion expiré",
        "E_CLOCK": "les horloges diffèrent trop",
        "E_PROOF": "clé incorrecte",
        "E_CENTRAL_PROOF": "ce n’est pas notre Central",
        "E_REVOKED": "clé révoquée",
        "E_DISABLED": "désactivé",
        "E_DUPLICATE": "connecté deux fois",
        "E_BUSY": "trop occupé pour l’instant",
        "E_TIMEOUT": "pas de réponse à temps",
        "E_SLOW": "trop lent, ou trop de tentatives",
        "E_ROLE": "non permis dans ce rôle",
        "E_ID": "l’identifiant appartient à quelqu’un d’autre",
        "E_SEQ": "messages perdus ou répétés",
        "E_CLOSED": "connexion fermée",
        "E_CREDENTIAL": "identifiant ou code d’accès incorrect",
        "E_UNREACHABLE": "injoignable",
        "E_UNKNOWN_CP": "point de charge inconnu",
        "E_CP_NOT_AVAILABLE": "point de charge non disponible",
        "E_CP_BUSY": "point de charge en cours d’utilisation",
        "E_CP_OCCUPIED": "un véhicule est branché",
        "E_NONE_NEAR": "aucun point de charge libre à proximité",
        "E_NONE_AVAILABLE": "aucun point de charge disponible",
        "E_PRICE": "plus cher qu’affiché",
        "E_BALANCE": "solde insuffisant",
        "E_DRIVER_BLOCKED": "conducteur bloqué",
        "E_DRIVER_BUSY": "déjà en charge",
        "E_PAUSE": "trop de demandes sans branchement",
        "E_WHICH_SESSION": "plusieurs recharges en cours\u00a0: dites laquelle",
        "E_NO_SESSION": "cette recharge n’existe pas",
        "E_CONFIRM": "cela ressemble à une erreur de saisie",
        "E_ENGINE_THERE": "son moteur est connecté\u00a0: il termine lui-même la recharge quand on l’arrête",
        "E_NOT_CONFIRMED": "non confirmé par le conducteur",
        "E_PIN": "PIN incorrect",
        "E_NOT_FOUND": "introuvable",
        "E_CONFLICT": "déjà pris par quelqu’un d’autre",
        "E_STORAGE": "impossible d’enregistrer des données pour l’instant",
    },
    "STEPS": {
        "ASKING": "Demande au point de charge",
        "READY": "Autorisé\u00a0: branchez le véhicule",
        "STOPPING": "Arrêt en cours",
        "REFUSED": "Refusé",
    },
    "WEATHER": {
        "COLD": "froid",
        "HEAT": "chaleur",
        "WIND": "vent fort",
        "STORM": "tempête",
    },
    "PHRASES": {
        "central lost": "Impossible de se connecter à Central",
        "central back": "Connexion à Central rétablie",
        "registry lost": "Registry ne répond pas",
        "registry back": "Registry répond à nouveau",
        "weather lost": "Connexion météo indisponible",
        "weather back": "Connexion météo rétablie",
        "not understood": "Impossible de se connecter à {cp_id}. Messages incompréhensibles.",
        "understood again": "{cp_id} à nouveau connecté. Messages compréhensibles.",
    },
    "refusals": {
        "unknown driver": "{driver_id} est inconnu ici\u00a0: il ne s’est jamais connecté.",
        "blocked": "{driver_id} ne peut pas recharger ici\u00a0: bloqué.",
        "charging elsewhere": "{driver_id} a déjà une recharge en cours.",
        "charging elsewhere, at": "{driver_id} a déjà une recharge en cours à {at}.",
        "already charging": "Vous avez déjà une recharge en cours\u00a0: arrêtez-la d’abord.",
        "already charging, at": "Vous avez déjà une recharge en cours à {at}\u00a0: arrêtez-la d’abord.",
        "still stopping": "Votre recharge est encore en train de s’arrêter\u00a0: réessayez dans un moment.",
        "still stopping, at": (
            "Votre recharge à {at} est encore en train de s’arrêter\u00a0: réessayez dans un moment."
        ),
        "pause": "Trop de demandes sans branchement\u00a0: redemandez dans {seconds} s.",
        "no money": "Solde insuffisant\u00a0: créditez-le d’abord.",
        "no money, told": "Solde insuffisant ({euros} €)\u00a0: créditez-le d’abord.",
        "no money of another": "{driver_id} n’a pas assez d’argent\u00a0: créditez d’abord son portefeuille.",
        "none available": "Aucun point de charge disponible pour l’instant.",
        "none near": "Aucun point de charge n’y est libre\u00a0; {at} l’est.",
        "none near, at": "Aucun point de charge n’y est libre\u00a0; {at} à {location} l’est.",
        "none near wish": "Aucun point de charge n’est libre près de {wish}\u00a0; {at} l’est.",
        "none near wish, at": "Aucun point de charge n’est libre près de {wish}\u00a0; {at} à {location} l’est.",
        "unknown point": "{cp_id} n’existe pas. Utilisez `list` pour voir ceux qui existent.",
        "busy point": "{cp_id} est occupé par une autre recharge.",
        "point telling": "{cp_id} n’a pas fini de dire ce qu’il a fait\u00a0: réessayez dans un moment.",
        "occupied point": "{cp_id} est occupé\u00a0: le véhicule d’un autre conducteur y est encore branché.",
        "dearer": "{at} coûte maintenant {price} €/kWh, plus qu’affiché\u00a0: redemandez si vous le voulez toujours.",
        "out of service": "{cp_id} n’est pas disponible. CP hors service.",
        "out of service because": "{cp_id} n’est pas disponible. CP hors service ({why}).",
        "not plugged": "{cp_id}\u00a0: le véhicule n’a pas été branché à temps.",
        "stopped early": "{cp_id}\u00a0: vous avez arrêté avant le début de la recharge.",
        "not taken": "{cp_id} n’a pas pu accepter la recharge. Réessayez.",
        "point lost": (
            "{cp_id} a été perdu avant le début de la recharge\u00a0: rien n’a été facturé, votre argent "
            "est à nouveau libre."
        ),
        "nobody": (
            "{driver_id} n’est pas connecté\u00a0: ouvrez son application ou sa page pour confirmer, ou "
            "saisissez son PIN."
        ),
        "old app": (
            "L’application de {driver_id} est trop ancienne pour confirmer\u00a0: ouvrez sa page, ou "
            "saisissez son PIN."
        ),
        "asked elsewhere": "Un autre point de charge est en train de poser la question à {driver_id}.",
        "wrong pin": "Le PIN est incorrect, ou {driver_id} n’en a pas.",
        "no": "{driver_id} a répondu non.",
        "late": "{driver_id} n’a pas confirmé à temps.",
        "late, within": "{driver_id} n’a pas confirmé en {seconds} s.",
        "another driver": "{cp_id} a demandé pour un autre conducteur.",
        "new price": "Le prix de {cp_id} a changé\u00a0: recommencez.",
        "id taken": "cet identifiant de demande est déjà pris\u00a0; redemandez",
    },
    "command_refusals": {
        "unknown driver": "le conducteur {driver_id} est inconnu ici",
        "unknown point": "{cp_id} n’existe pas",
        "unknown subject": "{subject} est inconnu ici",
        "id of a driver": "{cp_id} est ici un conducteur, et un identifiant ne change pas de genre",
        "id of a point": "{driver_id} est ici un point de charge, et un identifiant ne change pas de genre",
        "not settled": (
            "la dernière recharge du précédent titulaire de {driver_id} n’est pas encore réglée\u00a0: "
            "réessayez plus tard"
        ),
        "revoked": "les clés de {who} ont été révoquées\u00a0; il lui faut une nouvelle inscription",
        "superseded": "{who} parle maintenant par une autre connexion",
        "not open": "{session_id} n’est pas une session ouverte",
        "engine there": (
            "le moteur de {cp_id} est connecté et dira lui-même la fin\u00a0: arrêtez plutôt la recharge"
        ),
        "not there": "{cp_id} n’a pas de session {session_id}",
        "say which": "Vos recharges à {points} sont en cours\u00a0: dites laquelle.",
        "nothing charging": "Cette session n’existe pas\u00a0: aucune de vos recharges n’est en cours.",
        "another journal": "{cp_id} tient maintenant un autre journal",
        "no question": "Cette question n’existe pas, ou elle est terminée.",
        "typed nowhere": "personne n’a saisi {driver_id} à un point de charge",
        "pin limit": "Une recharge avec PIN peut coûter de 0.01 à {most} €.",
        "top-up of nothing": "un crédit doit être supérieur à 0.00 €",
        "wallet full": "un portefeuille contient au plus {most} €",
        "price": "un prix va de 0 à 100 €/kWh",
        "nothing corrected": "une correction de 0.00 € ne corrige rien",
        "session of another": "{session_id} n’est pas une session de {driver_id}",
        "nothing billed": "{session_id} n’a pas de ticket\u00a0: rien n’a été facturé",
        "more than it cost": "{session_id} coûte {costs} €\u00a0: on ne peut pas rendre plus",
        "not ended": "{session_id} n’est pas terminée\u00a0: son ticket vient d’abord",
        "unknown session": "il n’y a pas de session {session_id}",
        "unknown registration": "{driver_id} n’a pas eu d’inscription {registration}",
        "too little": "le portefeuille de {driver_id} a {free} € libres",
        "too little, held": (
            "le portefeuille de {driver_id} a {free} € libres\u00a0; {held} € sont réservés pour une recharge"
        ),
        "no ticket": "{session_id} n’a pas de ticket à corriger",
        "less than nothing": "{session_id}\u00a0: un ticket ne peut pas descendre au-dessous de zéro",
        "no such place": (
            "Aucun point de charge ne se trouve à {location}\u00a0: est-ce la bonne orthographe\u00a0?"
        ),
        "too many places": (
            "Aucun point de charge ne se trouve à {location}, et trop de lieux de ce genre sont connus."
        ),
        "no weather alert": "Il n’y a pas d’alerte météo à {location} à ignorer.",
        "old order": "l’ordre a {age_s} s, et il vaut pendant {valid_s} s\u00a0: donnez-le à nouveau",
        "early order": "l’ordre vient de {ahead_s} s dans le futur\u00a0: réglez l’horloge de cet ordinateur",
    },
    "failures": {
        "unforeseen": "quelque chose d’imprévu a échoué ({kind})",
        "refused": "connexion refusée",
        "broke": "la connexion s’est rompue",
        "cut": "l’autre extrémité l’a coupée",
        "hung up there": "il a raccroché",
        "no route": "aucun chemin vers l’hôte",
        "no network": "aucun réseau n’y mène",
        "network down": "le réseau est hors service",
        "no name": "son nom n’est pas connu ici\u00a0; pas d’Internet\u00a0?",
        "no lookup": "les noms ne peuvent pas être résolus pour l’instant\u00a0; pas d’Internet\u00a0?",
        "port in use": "ce port est utilisé",
        "no such address": "cet ordinateur n’a pas cette adresse",
        "strange address": "cet ordinateur ne parle pas à de telles adresses",
        "not TLS": "ce qui répond ne parle pas TLS comme nous",
        "not HTTP": "ce qui répond ne parle pas HTTP comme nous",
        "half an answer": "sa réponse s’est arrêtée au milieu",
        "not taken": "il n’a pas pris ce qui a été envoyé",
        "sent on": "il nous renvoie sans fin",
        "sent nowhere": "il nous renvoie à ce qui n’est pas une adresse web",
        "no web address": "ce n’est pas une adresse web",
        "no request": "cette demande n’est pas comprise",
        "other certificate": "son certificat en est un autre",
        "certificate too new": "son certificat n’est pas encore valable, ou l’horloge d’ici est fausse",
        "certificate too old": "son certificat a expiré, ou l’horloge d’ici est fausse",
        "certificate of another": "son certificat ne nomme pas cet hôte",
        "certificate not trusted": "son certificat n’est pas d’une autorité à laquelle on se fie ici",
        "no certificate": "ce n’est pas un certificat compréhensible",
        "not sealed": "il n’a pas été scellé avec cette clé",
        "bad signature": "sa signature est fausse",
        "strange kind": "il est d’un type qui n’est pas compris ici",
        "cipher": "le chiffrement a échoué",
        "denied": "permission refusée",
        "not there": "il n’est pas là",
        "there already": "il y a déjà quelque chose de ce nom",
        "no folder": "il y a un fichier là où il faut un dossier",
        "folder there": "il y a un dossier à cet endroit",
        "folder full": "le dossier n’est pas vide",
        "circle": "ses liens tournent en rond",
        "long name": "le nom est trop long",
        "another disk": "il est sur un autre disque",
        "no room": "plus de place sur le disque",
        "only read": "ce disque est en lecture seule",
        "disk fails": "la lecture ou l’écriture a échoué",
        "disk away": "le disque n’est plus joignable",
        "not plain": "il faut un fichier ordinaire",
        "file too large": "il est trop grand",
        "many files": "trop de fichiers sont ouverts",
        "no memory": "plus de mémoire",
        "in use": "il est utilisé",
        "no device": "ce périphérique n’existe pas",
        "interrupted": "il a été interrompu",
        "of system": "le système ne le fait pas",
        "of system, named": "le système ne le fait pas ({name})",
        "middle": "il s’est arrêté au milieu",
        "no JSON": "ce n’est pas du JSON",
        "no TOML": "ce n’est pas du TOML",
        "no UTF-8": "ce n’est pas du texte UTF-8",
        "not packed": "il n’est pas compressé comme il faut",
        "too deep": "il a trop de niveaux",
        "too long": "il est plus long que ce qui est accepté",
        "takes no more": "il n’en accepte pas plus pour l’instant",
        "body": "Corps incorrect\u00a0: {why}.",
        "it": "l’envoi",
        "is missing": "{field} manque",
        "is not known": "{field} n’est pas connu",
        "empty text": "{field} ne doit pas être vide",
        "short text": "{field} doit être un texte d’au moins {n} caractères",
        "long text": "{field} doit être un texte d’au plus {n} caractères",
        "short list": "{field} doit être une liste d’au moins {n}",
        "long list": "{field} doit être une liste d’au plus {n}",
        "list of": "{field} doit être une liste de {n}",
        "at least": "{field} doit être au moins {n}",
        "at most": "{field} doit être au plus {n}",
        "above": "{field} doit être supérieur à {n}",
        "below": "{field} doit être inférieur à {n}",
        "no such value": "{field} n’a aucune de ses valeurs possibles",
        "range": "{field} est trop grand ou trop petit",
        "must be": "{field} doit être {kinds}",
        "not written so": "{field} n’est pas écrit comme il faut",
        "or": "ou",
        "text": "un texte",
        "whole": "un nombre entier",
        "number": "un nombre",
        "true": "true ou false",
        "list": "une liste",
        "object": "un objet",
        "moment": "une date et une heure",
        "date": "une date",
        "time": "une heure",
        "uuid": "un UUID",
        "duration": "une durée",
        "database": "la base de données ne l’a pas fait",
        "database, named": "la base de données ne l’a pas fait ({name})",
        "database rule, named": "cela enfreint une règle de la base de données ({name})",
        "database rule": "cela enfreint une règle de la base de données",
        "database full": "le disque est plein",
        "database stale": "une autre Centrale l'a modifié entre-temps",
        "database held": "un autre programme retient la base de données",
        "database shut": "nous n’avons pas le droit d’ouvrir ou d’écrire la base de données",
        "database write": "le disque a échoué au milieu d’une écriture",
        "database login": "la base de données refuse notre connexion\u00a0: vérifiez l’utilisateur et le mot de passe",
        "database connections": (
            "la base de données n’accepte plus de connexions\u00a0: fermez-en, ou augmentez son max_connections"
        ),
        "database read-only": "la base de données est en lecture seule\u00a0: mettez-y fin, ou indiquez le primaire",
        "database rights": "la base de données ne laisse pas cet utilisateur écrire\u00a0: donnez-lui le schéma",
        "database locked": "une autre session verrouille les livres\u00a0: mettez-y fin (pg_stat_activity)",
        "database timeout": (
            "la base de données l’a interrompu\u00a0: augmentez le statement_timeout de cet utilisateur"
        ),
        "database part": "une partie des livres manque\u00a0: remettez-la, puis redémarrez la Centrale",
        "database certificate": (
            "la base de données montre un certificat non valide à présent, ou auquel nous ne nous "
            "fions pas\u00a0: renouvelez-le"
        ),
        "database damaged": "la base de données est endommagée",
        "brokers silent": "aucun broker ne répond",
        "brokers not ready": "les brokers ne sont pas prêts",
        "few brokers": "il y a trop peu de brokers",
        "no topic": "ce topic n’existe pas",
        "bad topic": "ce ne peut pas être le nom d’un topic",
        "topic there": "ce topic existe déjà",
        "too large for brokers": "c’est plus grand que ce que les brokers acceptent",
        "broker's disk": "le disque d’un broker est défaillant",
        "broker's damage": "ce que conserve un broker est endommagé",
        "not held": "les brokers ne conservent plus cela",
        "slower": "les brokers veulent que cela aille moins vite",
        "not allowed": "les brokers ne le permettent pas à cet utilisateur",
        "brokers' password": "les brokers n’acceptent pas cet utilisateur et ce mot de passe",
        "brokers' login": "les brokers veulent un autre type de connexion",
        "old Kafka": "ces brokers sont d’une version qui n’est pas parlée ici",
        "strange packing": "c’est compressé d’une façon qui n’est pas comprise ici",
        "client failed": "le client Kafka a échoué",
        "client stopped": "le client Kafka a été arrêté",
        "brokers say no": "les brokers disent non (erreur {n} de Kafka)",
        "registry answer lost": (
            "La réponse du Registry s’est perdue et il l’a peut-être fait\u00a0: vérifiez "
            "avant de recommencer."
        ),
        "registry away": "Registry ne répond pas à {url} ({why}).",
        "cannot connect": (
            "impossible de se connecter à CENTRAL à {url}\u00a0: {why}. Est-il en marche\u00a0? evcharge "
            "doctor en dit plus."
        ),
        "kafka at": "{url}\u00a0: {why}",
        "kafka out of reach": "{url} est injoignable\u00a0: {why}",
        "kafka silent": "{url} ne répond pas",
    },
    "point": {
        "nothing answers": "moteur perdu\u00a0: rien ne répond à {where}{why}",
        "hung up": "moteur perdu\u00a0: {where} a raccroché",
        "engine silent": "moteur perdu\u00a0: il ne répond pas",
        "engine fault": "panne du moteur\u00a0: {fault}",
        "wrong engine": "le port {port} est {other}, pas {cp_id}",
        "not proved": "le port {port} ne prouve pas qu’il est {cp_id}\u00a0: il a un autre code d’accès",
    },
    "weather_service": {
        "simulated": "une simulation ({file})",
        "silent": "{source} ne répond pas ({why})",
        "key refused, in short": "{source} n’accepte pas sa clé",
        "too many questions": "{source} a été interrogé trop souvent et veut que nous attendions",
        "status": "{source} répond par l’erreur {status}",
        "redirected": (
            "{source} nous renvoie ailleurs, et nous n’y envoyons pas la clé\u00a0; une page de connexion "
            "de ce réseau\u00a0?"
        ),
        "nonsense": "{source} ne répond pas par des données météo",
        "too big": "{source} envoie une réponse trop longue",
        "other units": "{source} répond dans d’autres unités que °C et m/s",
        "bad file": "le scénario ne peut pas être utilisé\u00a0: {why}",
    },
    "central": {
        "point added": "{cp_id} est nouveau ici\u00a0: {location}, {price} €/kWh",
        "point withdrawn": "{cp_id} est désinscrit du réseau",
        "no location": "sans lieu",
        "point moved": "{cp_id} est maintenant à {location}",
        "location differs": (
            "ATTENTION {cp_id} dit {said}\u00a0; le réseau le situe à {location}. S’il n’y est pas\u00a0: "
            "evcharge cp set {cp_id} --location\u00a0; s’il y est, démarrez son moteur avec ce --location"
        ),
        "price changed": "{cp_id} coûte maintenant {price} €/kWh\u00a0; les recharges en cours gardent leur prix",
        "weather alert": "ALERTE météo à {location}\u00a0: {what}\u00a0; ses points de charge sont hors service",
        "weather cleared": "la météo à {location} est à nouveau bonne",
        "weather left": "la météo à {location} s’améliore\u00a0; encore\u00a0: {what}",
        "weather lost": (
            "{phrase} ({why})\u00a0: ce que la météo retient reste hors service, tout le reste continue."
        ),
        "weather back": "{phrase}.",
        "weather first": "Le service météo est connecté.",
        "weather overridden": "{location} fonctionne malgré la météo, par ordre d’un opérateur",
        "weather heeded": "{location} obéit à nouveau à la météo",
        "chain broken": "ALERTE le journal d’audit a été modifié à la ligne {n}\u00a0: {why}",
        "hold placed": "{cp_id} est retenu\u00a0: {hold}",
        "hold lifted": "{cp_id} n’est plus retenu\u00a0: {hold}",
        "key revoked": "{cp_id}\u00a0: clés révoquées\u00a0; il lui faut une nouvelle inscription",
        "key restored": "{cp_id}\u00a0: de retour avec de nouvelles clés",
        "journal replaced": "ALERTE {cp_id} a un nouveau journal ({old} avant, {new} maintenant)",
        "journal confirmed": "{cp_id}\u00a0: son nouveau journal est confirmé",
        "stray supply": "ALERTE {cp_id} alimente {session_id}, qui est fermée ici\u00a0; on lui dit d’arrêter",
        "record quarantined": "ALERTE {cp_id}\u00a0: enregistrement {seq} mis de côté\u00a0: {why}",
        "record counted": (
            "ALERTE {cp_id}\u00a0: l’enregistrement {seq} n’a pas de sens et est seulement compté\u00a0: "
            "{why}"
        ),
        "event unread": (
            "la ligne {n} du journal d’audit ({kind}) est d’une autre version et ne peut pas être lue ici"
        ),
        "repeated": "{text} ({times} fois)",
        "driver added": "{driver_id} est nouveau ici",
        "driver connected": "{driver_id} s’est connecté",
        "driver lost": "{driver_id} est parti\u00a0: {reason}",
        "driver blocked": "{driver_id}\u00a0: code d’accès retiré",
        "driver withdrawn": (
            "{driver_id} est désinscrit du réseau\u00a0; {balance} € restent dans son portefeuille"
        ),
        "driver barred": "{driver_id}\u00a0: ne peut plus recharger",
        "driver readmitted": "{driver_id}\u00a0: peut recharger à nouveau",
        "welcome withheld": (
            "ALERTE {driver_id} commence avec un portefeuille vide\u00a0: {most} conducteurs ont eu le "
            "crédit de bienvenue, et il n’y en a pas plus"
        ),
        "welcome withheld for now": (
            "ALERTE {driver_id} commence avec un portefeuille vide\u00a0: {most} conducteurs ont eu le "
            "crédit de bienvenue en une heure"
        ),
        "topped up": "{driver_id}\u00a0: {amount} € crédités, solde {balance} €",
        "wallet corrected": "{driver_id}\u00a0: portefeuille corrigé de {amount} € ({reason}), solde {balance} €",
        "paid out": "{driver_id}\u00a0: {amount} € remboursés ({reason}), il reste {balance} €",
        "start refused": "{driver_id} refusé\u00a0: {why}",
        "confirmation asked": "{cp_id}\u00a0: on demande à {driver_id} d’y confirmer le démarrage, en {s} s",
        "start confirmed": "{cp_id}\u00a0: {driver_id} confirme le démarrage",
        "confirmation ended": "{cp_id}\u00a0: rien n’a démarré. {why}",
        "pin set": "{driver_id}\u00a0: un PIN permet des recharges jusqu’à {limit} € aux points de charge",
        "pin removed, driver": "{driver_id}\u00a0: son PIN est supprimé",
        "pin removed, misses": "ALERTE {driver_id}\u00a0: son PIN a été mal saisi trop souvent et est annulé",
        "pin removed, credential": "{driver_id}\u00a0: son PIN est annulé avec son ancien code d’accès",
        "session rebuilt": (
            "{session_id}\u00a0: reconstruite à partir du journal de {cp_id}, les livres l’avaient "
            "perdue\u00a0; {hold} € de {driver_id} sont réservés"
        ),
        "debt paid": "{driver_id} a payé {cents} € de sa dette pour {session_id}\u00a0; il reste {left} €",
        "session authorised": "{session_id}\u00a0: autorisée, jusqu’à {hold} €\u00a0; on interroge {cp_id}",
        "session ready": "{session_id}\u00a0: {cp_id} attend le branchement",
        "session started": "{session_id}\u00a0: {cp_id} alimente {driver_id}",
        "session interrupted": "{session_id}\u00a0: interrompue ({reason}), {energy} kWh jusqu’ici",
        "stop ordered": "{session_id}\u00a0: en cours de fin ({reason})",
        "session refused": "{session_id}\u00a0: non acceptée ({reason})\u00a0; rien de chargé, rien de payé",
        "ticket made": "{session_id}\u00a0: ticket {energy} kWh, {cost} € ({reason})",
        "ticket estimated": "{session_id}\u00a0: ticket {energy} kWh, {cost} € ({reason}, estimé)",
        "ticket corrected": "{session_id}\u00a0: ticket corrigé de {energy} kWh, {cost} € ({reason})",
        "session reopened": (
            "ALERTE {session_id} avait été abandonnée, et {cp_id} l’alimente\u00a0: facturée malgré tout, "
            "et on lui dit d’arrêter"
        ),
        "clock jumped": "ALERTE l’horloge de cette machine a sauté de {seconds} s",
        "clock off": (
            "ALERTE l’horloge de cette machine est à {seconds} s de celle de la base de données\u00a0: "
            "mettez-la à l’heure"
        ),
        "clock right": "l’horloge de cette machine est de nouveau à l’heure",
        "member away": "ALERTE {about} manque ({why})\u00a0; le réseau continue malgré tout",
        "member back": "{about} ne manque plus",
        "why withdrawn": "désinscrit",
        "why operator": "opérateur",
        "why weather": "météo",
        "why journal": "nouveau journal\u00a0: fermez son alerte pour confirmer",
        "why no link": "pas de liaison avec Central",
        "why not heard": "son moniteur ne se fait pas entendre",
        "why occupied": "véhicule branché",
        "registry noted": "Registry\u00a0: {what} {target}\u00a0: {result}",
        "registry done": "fait",
        "registry refused": "refusé ({why})",
        "order carried out": "ordre {command} {cp_id}, de Kafka\u00a0: fait",
        "order without effect": "ordre {command} {cp_id}, de Kafka\u00a0: rien à faire",
        "order refused": "ordre {command} {cp_id}, de Kafka, refusé\u00a0: {why}",
        "disk full": "Central ne peut pas enregistrer de nouvelles recharges (disque plein)",
        "cannot store": "Central ne peut rien enregistrer pour l’instant ({why})",
    },
    "causes": {
        "broken": "en panne (KO)",
        "journal full": "journal plein",
        "journal damaged": "journal endommagé à l’octet {at}, déplacé vers {aside}",
        "simulated": "simulée au moniteur",
        "ended for a fault": "son moteur a terminé une recharge à cause d’une panne",
        "new journal": "nouveau journal non confirmé",
        "not back": "sans nouvelles depuis le démarrage de Central",
        "rest told": "son point de charge a communiqué le reste",
        "given up": "commencée après avoir été abandonnée\u00a0; son argent ne peut plus être réservé",
        "record": "{seq}\u00a0: {why}",
        "unknown session": "session inconnue ou fermée",
        "other point": "session d’un autre point de charge",
        "backwards": "le compteur recule",
        "final below": "le relevé final est inférieur à un relevé précédent",
        "above limit": "plus d’énergie que permis\u00a0; facturée jusqu’à la limite",
        "not possible": (
            "plus d’énergie que ne le permettent sa puissance et sa durée\u00a0; facturée à ce qu’elles "
            "permettent"
        ),
        "billed less": "plus d’énergie que ce qui est crédible\u00a0; le reste n’a pas été facturé",
        "not then": "commencée à un moment impossible",
        "not so long": "dure plus longtemps que sa session",
        "register moved": "le compteur n’est pas là où la dernière recharge l’a laissé",
        "no start": "terminée sans avoir commencé",
        "misfit": "ne va pas avec une session dans l’état {state}",
        "enrolment token": "jeton d’inscription",
        "invited by": "invité par {who}",
        "row gone": "la ligne {n} manque ou n’est pas à sa place",
        "row never written": "la ligne {n} contient une valeur qui n’a jamais été écrite",
        "row changed": "la ligne {n} a été modifiée, ou la ligne précédente remplacée",
        "rows cut off": "les lignes {first} à {last} ont été coupées",
        "row not written": "la ligne {n} n’est pas celle qui a été écrite",
        "goodbye": "il a dit au revoir",
        "peer goodbye": "{peer} a dit au revoir",
        "service silent": "le service météo ne s’est pas fait entendre pendant {s} s",
        "bad certificate": "son certificat n’est pas valable",
        "not our certificate": "son certificat n’est pas de notre CA, ou ne nomme pas cet hôte",
        "certificate not now": (
            "son certificat n’est pas valable maintenant\u00a0: comparez les horloges, ou faites-en un "
            "nouveau avec evcharge init --renew"
        ),
        "not proved to be Central": (
            "ce qui répond ne prouve pas son identité\u00a0: un autre programme, ou un Central plus ancien"
        ),
        "other service key": (
            "la service.key d’ici n’est pas celle du Registry\u00a0: copiez-la de là-bas et redémarrez "
            "Central"
        ),
        "wrong credential": "un code d’accès incorrect a été présenté au Registry",
        "other ticket key": "le ticket n’a pas été fait avec une clé connue ici",
        "http status": "il a répondu par le statut HTTP {status}",
        "twice": (
            "{id} ({role}) est déjà connecté depuis {there}\u00a0; celui-ci est {here}. Arrêtez l’un des "
            "deux, ou donnez à celui-ci son propre code d’accès"
        ),
        "frame size": "une trame de {n} octets\u00a0; 1 à {most} sont permis",
        "frame order": "la trame {n} est venue à la place de la {due}",
        "frame key": "une trame ne s’ouvre pas avec la clé de cette connexion",
        "frame without JSON": "la trame ne contient pas de message JSON",
        "frame due": "une trame {kind} était attendue",
        "bad message": "message incorrect\u00a0: {why}",
        "HTTP here": "HTTP sur le port de charge\u00a0? Ce port parle EVC1\u00a0; les pages sont sur un autre port",
        "TLS here": "TLS sur le port de charge\u00a0? TLS n’est pas activé ici",
        "key of ticket": "l’autre extrémité ne connaît pas la clé de son ticket",
        "public key": "la clé publique de l’autre extrémité n’est pas utilisable",
        "no SYNC": "un moteur doit d’abord dire SYNC",
        "second SYNC": "un second SYNC sur une connexion",
        "too many figures": "plus de valeurs que Central n’en accepte",
        "figures' key": "des valeurs dans Kafka ne s’ouvrent pas avec la clé de sa connexion",
        "order's key": "un ordre ne s’ouvre pas avec la clé du jeton de l’opérateur",
        "order repeated": "un ordre pour {cp_id} a été répété",
        "key again": "la clé {n} est venue après la clé {old}",
        "key unasked": "personne n’a demandé la clé {n}",
        "may not send": "un {role} ne peut pas envoyer {message}",
        "not strict": "la trame ne contient pas d’objet JSON strict",
        "mail address": "le serveur de mail refuse l’adresse",
        "mail answer": "le serveur de mail a répondu {status}",
        "mail login": "le serveur de mail refuse l’utilisateur ou le mot de passe",
        "mail odd": "le serveur de mail ne fait pas ce qui lui est demandé",
        "no registry": "il ne répond pas comme un Registry",
        "service stopped": "le service météo a été arrêté",
        "silent": "silencieux depuis {s} s",
        "slow": "trop lent\u00a0: il ne lit pas ce qu’on lui envoie",
        "says not what became": "pas un mot depuis {s} s sur ce qu’il est advenu de {session}",
        "other link": "silencieux pendant qu’une autre de ses connexions arrivait",
        "too fast": "plus de messages que Central n’en accepte, sans fin",
        "useless": "trop de choses qui ne mènent à rien",
        "too many logins": "trop de connexions",
        "too many journals": "trop de nouveaux journaux",
        "banned": "pas écouté pendant une minute\u00a0: il a trop envoyé",
        "revoked": "ses clés ont été révoquées",
        "stopped": "Central s’est arrêté",
        "ended": "la connexion avec {peer} s’est terminée",
        "ended, half": "la connexion avec {peer} s’est terminée au milieu d’une trame",
        "ended, why": "la connexion avec {peer} s’est terminée\u00a0: {why}",
        "reset": "l’autre extrémité l’a coupée",
        "another leads": "un autre Central dirige",
        "database away": "la base de données est injoignable",
        "took over": "un autre Central a repris ces livres",
    },
    "api_answers": {
        "address takes": "Cette adresse n’accepte que {names}.",
        "no address": "Il n’y a rien à cette adresse.",
        "big body": "Le corps est trop grand\u00a0: au plus {most} Kio.",
        "send JSON": "Envoyez du JSON, avec l’en-tête Content-Type: application/json et sans Content-Encoding.",
        "not understood": "Cette demande n’est pas comprise.",
        "late body": "Le corps n’est pas arrivé à temps.",
        "no database": "La base de données ne peut pas être utilisée pour l’instant. Réessayez plus tard.",
        "own mistake": "Ce serveur a fait une erreur. Son journal en dit plus.",
        "no HTTP": "Ce n’est pas une requête HTTP valable.",
        "many requests": "Trop de demandes à la fois. Attendez, puis réessayez.",
        "not JSON": "Le corps n’est pas du JSON.",
        "busy": "Central est occupé\u00a0: demandez plus tard si cela a été fait.",
        "unknown parameter": "Paramètre inconnu {parameter}\u00a0: {why}.",
        "takes": "cette adresse accepte {names}",
        "takes none": "cette adresse n’en accepte aucun",
        "given twice": "{parameter} est donné deux fois.",
        "from after to": "from est postérieur à to.",
        "far apart": "Au plus {most} jours à la fois\u00a0: from et to sont plus éloignés.",
        "some days": "days doit être un nombre entier de 1 à {most}, et va sans from.",
        "a month": "month doit être un mois comme 2026-11.",
        "an event": "type doit être celui d’un événement, comme TicketMade.",
        "a name": "{parameter} doit être un nom d’au plus {most} caractères.",
        "measured when": "measured_at doit être comme 2026-11-21T08:30:00Z, ou en secondes Unix.",
        "a date": "{parameter} doit être une date comme 2026-11-21.",
        "an instant": (
            "{parameter} doit être une date comme 2026-11-21, ou un instant comme 2026-11-21T08:30:00Z."
        ),
        "a number": "{parameter} doit être un nombre entier de {least} à {most}.",
        "one of them": "{parameter} doit être un de {names}.",
        "one of these": "{parameter} doit être l’un de\u00a0: {names}.",
        "before or after": "Donnez before ou after, pas les deux.",
        "both or neither": "Donnez latitude et longitude, ou aucune des deux.",
        "where": "Dites où\u00a0: ?location=…",
        "price or location": "Donnez price, location ou les deux.",
        "session's length": "L’identifiant d’une session a de 8 à 96 caractères.",
        "a slip": "{euros} € dépasse {most} €\u00a0: est-ce exact\u00a0?",
        "a dear price": "{price} €/kWh dépasse {most} €/kWh\u00a0: est-ce exact\u00a0?",
        "a page": "{parameter} doit être le `next` ou le `previous` d’une page de cette liste.",
        "name and address": "{parameter} doit être un nom et une adresse.",
        "random credential": "credential doit être 32 octets aléatoires en base64url.",
        "log in": "Connectez-vous d’abord\u00a0; un programme envoie l’en-tête Authorization: Bearer <token>.",
        "not for the role": "{who} a le rôle {role} et ne peut pas faire cela\u00a0: c’est pour {names}.",
        "another site": (
            "Cela vient d’une page d’un autre site\u00a0: rien n’a été fait. Utilisez les pages de Central."
        ),
        "another name": "Ce Central ne s’appelle pas {host}\u00a0: ajoutez le nom à [registry] names.",
        "wrong password": "Le nom ou le mot de passe est incorrect.",
        "wrong old password": "L’ancien mot de passe est incorrect.",
        "figures for whom": "Les chiffres sont pour cet ordinateur, ou après une connexion.",
        "no figures": "Les chiffres ne sont pas pour ce rôle.",
        "own pages": "{most} de vos pages sont ouvertes\u00a0: fermez-en.",
        "all pages": "Trop de pages sont ouvertes sur ce Central\u00a0: fermez-en.",
        "no account": "Il n’y a pas de compte de ce nom.",
        "no token": "Il n’y a pas de jeton de ce nom.",
        "exists": "{who} existe déjà.",
        "looks like": "{who} pourrait être pris pour {other}\u00a0: choisissez un autre nom.",
        "last admin": "{who} est le dernier admin\u00a0: créez-en d’abord un autre.",
        "no password here": "{who} n’a pas de mot de passe ici\u00a0: il est gardé là où il a été inscrit.",
        "id of a driver": "{who} est l’identifiant d’un conducteur\u00a0: son rôle ne peut être que driver.",
        "account of a driver": "Le compte d’un conducteur porte l’identifiant du conducteur, comme D01.",
        "role of an account": "Un compte est {names}, ou driver. Les programmes reçoivent un jeton.",
        "role of a token": "Un jeton a le rôle {names}.",
        "bad name": (
            "le nom {shown} ne convient pas\u00a0: sont permis 1 à 32 de a-z, 0-9, _, . et -, avec une "
            "lettre ou un point"
        ),
        "own name": "{who} est un nom du réseau lui-même, ou y ressemble\u00a0: choisissez-en un autre.",
        "no alert": "Il n’y a pas d’alerte ouverte avec cet identifiant.",
        "alert ends itself": "Cette alerte se termine avec sa cause.",
        "no driver": "Le conducteur {driver_id} est inconnu ici.",
        "other top-up": "Cette référence est celle d’un autre crédit\u00a0: choisissez-en une nouvelle.",
        "other order": "Cette référence est celle d’un autre ordre\u00a0: choisissez-en une nouvelle.",
        "not sent": "Ce réseau n’envoie pas cela\u00a0: demandez à son opérateur, ou laissez vide.",
        "no point": "{cp_id} n’existe pas\u00a0: Central n’en a jamais entendu parler.",
        "withdrawn": "{who} a été désinscrit\u00a0: inscrivez-le d’abord à nouveau.",
        "no session": "Il n’y a pas de session avec cet identifiant.",
        "no session of yours": "Vous n’avez pas de session avec cet identifiant.",
        "void token": "Ce jeton n’est plus valable, ou ne l’a jamais été.",
        "token for a wall": "Seul le jeton d’un viewer convient à un tableau.",
        "not registered": "{who} n’est pas inscrit.",
        "location of a driver": "Un conducteur n’a pas de lieu.",
        "point, not driver": "{who} est un point de charge, pas un conducteur.",
        "no Registry": "Ce qui répond à la place du Registry n’en est pas un.",
        "being changed": "D’autres sont en train de modifier {who}. Réessayez.",
        "this id being changed": "D’autres sont en train de modifier cet identifiant. Réessayez.",
        "changed just now": "{who} vient d’être modifié. Réessayez.",
        "one id": "Donnez cp_id ou driver_id, l’un des deux.",
        "wrong user": "L’utilisateur ou le mot de passe est incorrect.",
        "registration over": "Cette inscription de {who} est terminée.",
        "old login token": "Ce jeton est inconnu ou a expiré. Reconnectez-vous.",
        "needs token": "Il faut un jeton\u00a0: envoyez l’en-tête Authorization: Bearer <token>.",
        "token of a role": "Ce jeton ne peut pas faire cela\u00a0: il a le rôle {role}.",
        "itself only": "Seul {who} lui-même ou un administrateur peut faire cela.",
        "wrong credential": "L’identifiant ou son code d’accès est incorrect.",
        "token of another": (
            "Ce jeton n’est pas connu ici. Est-il d’un autre réseau\u00a0? Demandez-en un nouveau."
        ),
        "token used": "Ce jeton a déjà servi le {when}\u00a0: demandez-en un nouveau.",
        "token expired": "Ce jeton a expiré le {when}\u00a0: demandez-en un nouveau.",
        "no ca.pem": "Le Registry n’a pas de ca.pem dans son dossier d’état.",
        "no ca.pem here": "Central n’a pas de ca.pem dans son dossier d’état.",
        "other credential": (
            "{who} est déjà inscrit avec un autre code d’accès. Utilisez celui-là, ou faites-le changer "
            "par un administrateur."
        ),
        "key revoked": "La clé de {who} a été révoquée à Central\u00a0: changez plutôt son code d’accès.",
        "changed since": "{who} a été modifié après la création de ce jeton\u00a0: demandez-en un nouveau.",
        "name of the network": "{who} est réservé au réseau lui-même\u00a0: choisissez un autre identifiant.",
        "was a point": (
            "{who} était un point de charge, et un identifiant ne change pas de genre\u00a0: choisissez-en "
            "un autre."
        ),
        "was a driver": (
            "{who} était un conducteur, et un identifiant ne change pas de genre\u00a0: choisissez-en un "
            "autre."
        ),
        "is a point": (
            "{who} est déjà inscrit comme point de charge, et un identifiant ne change pas de genre\u00a0: "
            "choisissez-en un autre."
        ),
        "is a driver": (
            "{who} est déjà inscrit comme conducteur, et un identifiant ne change pas de genre\u00a0: "
            "choisissez-en un autre."
        ),
        "disabled": "{who} est désactivé. Un administrateur doit l’activer.",
        "disabled, revoked": (
            "{who} est désactivé. Sa clé a été révoquée\u00a0: un administrateur doit donner un nouveau "
            "code d’accès."
        ),
        "disabled, withdrawn": "{who} a été désinscrit. Un administrateur doit l’inscrire à nouveau.",
        "demo with others": (
            "{what} est pour un réseau à part, et {who} est inscrit ici\u00a0: donnez un autre dossier "
            "avec --state."
        ),
        "leader not trusted": (
            "Le Central qui dirige montre un certificat qui n’est pas de ce réseau ou qui n’est pas valable "
            "maintenant\u00a0: comparez les horloges et remettez ses fichiers central.pem et central.key."
        ),
        "no leader": "Le Central qui dirige ne répond pas pour l’instant. Réessayez dans un moment.",
        "led first": "{who} dirige.",
        "led again": "{who} dirige, comme avant.",
        "led handed over": "{who} dirige\u00a0: {before} a été arrêté et a passé la main.",
        "led killed": "{who} dirige\u00a0: {before} s’était terminé sans rien dire.",
        "led silent": "{who} dirige\u00a0: {before} était figé ou coupé de la base de données.",
        "leader in doubt": (
            "Le Central qui dirige s’est arrêté avant de répondre. "
            "Vérifiez si cela a été fait avant de réessayer."
        ),
    },
    "operator": {
        "alert fault": "{about} est en panne ({detail}).",
        "restored fault": "{about} fonctionne à nouveau.",
        "alert engine": "Le moteur de {about} n’a pas de liaison avec Central ({detail}).",
        "restored engine": "Le moteur de {about} est à nouveau connecté.",
        "alert monitor": "{about} est déconnecté\u00a0: son moniteur ne se fait pas entendre ({detail}).",
        "alert monitor and engine": (
            "{about} est déconnecté\u00a0: ni son moniteur ni son moteur ne se font entendre ({detail})."
        ),
        "alert taken": "{by} s’en occupe.",
        "restored monitor": "Le moniteur de {about} se fait à nouveau entendre.",
        "alert duplicate": "Le code d’accès de {about} est utilisé à deux endroits ({detail}).",
        "restored duplicate": "Le code d’accès en double de {about} a été retiré.",
        "alert not-understood": "Impossible de se connecter à {about}. Messages incompréhensibles. ({detail})",
        "restored not-understood": "{about} à nouveau connecté. Messages compréhensibles.",
        "alert journal": (
            "{about} est revenu avec un autre journal ({detail})\u00a0: un disque neuf, ou endommagé. "
            "Fermez cette alerte pour le laisser recharger."
        ),
        "restored journal": "Le journal de {about} est connu.",
        "alert quarantine": (
            "Un enregistrement de {about} n’a pas de sens et a été mis de côté (numéro {detail})."
        ),
        "restored quarantine": "L’enregistrement de {about} a été examiné.",
        "alert flood": "Trop à la fois au nom de {about}\u00a0: {detail}.",
        "restored flood": "L’afflux de {about} a été examiné.",
        "alert welcome": (
            "Les nouveaux conducteurs commencent avec un portefeuille vide\u00a0: {detail} autres ont eu "
            "le crédit de bienvenue. Quelqu’un invente-t-il des conducteurs\u00a0?"
        ),
        "restored welcome": "Un opérateur a vu les portefeuilles vides.",
        "alert debt": (
            "{about} doit ce qui manquait à son portefeuille\u00a0: {detail}. Son prochain crédit paie "
            "d’abord cela."
        ),
        "restored debt": "{about} ne doit plus rien.",
        "alert revoked": "Les clés de {about} sont révoquées. {detail}",
        "restored revoked": "{about} est de retour avec de nouvelles clés.",
        "alert registry": (
            "Registry ne répond pas ({detail})\u00a0: ni nouvelles inscriptions ni premières connexions."
        ),
        "restored registry": "Registry répond à nouveau.",
        "alert away": "{about} manque ({detail})\u00a0; le réseau continue malgré tout.",
        "restored away": "{about} ne manque plus.",
        "alert kafka": "Kafka hors service, {detail} événements en attente.",
        "alert kafka, one": "Kafka hors service, {detail} événement en attente.",
        "restored kafka": "Kafka de retour\u00a0; il reçoit chaque événement qui a attendu.",
        "alert notify": "Plus personne n’est averti par {about}\u00a0: {detail}.",
        "restored notify": "Les notifications par {about} passent de nouveau.",
        "alert storage": "{detail}.",
        "restored storage": "Central enregistre à nouveau.",
        "alert clock": "L’horloge de l’ordinateur de Central a sauté de {detail} s.",
        "alert weather": "Météo à {about}\u00a0: {detail}. Ses points de charge sont hors service.",
        "alert weather, overridden": (
            "Météo à {about}\u00a0: {detail}. Un opérateur l’a ignorée\u00a0: ses points de charge "
            "fonctionnent."
        ),
        "restored weather": "La météo à {about} est à nouveau bonne.",
        "alert weather-service": (
            "Connexion météo indisponible ({detail})\u00a0: ce que la météo retient reste hors service."
        ),
        "restored weather-service": "Connexion météo rétablie.",
        "alert chain": (
            "Le journal d’audit a été modifié ({detail}). Gardez une copie des livres et lancez\u00a0: "
            "evcharge audit verify"
        ),
        "restored chain": "Un opérateur a vu le dommage du journal d’audit.",
        "restored clock": "L’horloge est à l’heure.",
        "alert clock-off": (
            "L’horloge de l’ordinateur de Central est à {detail} s de celle de sa base de données\u00a0: "
            "mettez-la à l’heure, car les livres y prennent leurs heures."
        ),
        "restored clock-off": "L’horloge de l’ordinateur de Central est de nouveau à l’heure.",
        "alert closed": "{about}\u00a0: vu par un opérateur.",
        "h driver_id": "Conducteur",
        "h location": "Lieu",
        "h reason": "Motif",
        "h session_id": "Session",
        "h state": "État",
        "h ended_at": "Fin",
        "csv cp_id": "Point de charge",
        "csv started_at": "Début",
        "csv duration": "Durée",
        "csv energy": "Énergie (kWh)",
        "csv price": "Prix (€/kWh)",
        "csv cost": "Coût (€)",
        "csv vat": "TVA (%)",
        "csv issuer": "Émetteur",
        "csv note": "Remarque",
        "csv sessions": "Recharges",
        "report total": "TOTAL",
        "estimated": "estimé",
        "corrected": "corrigé depuis",
        "late": "reçu tard",
        "rebuilt": "reconstruit après une restauration",
        "owed": "{euros} € dus",
        "state AUTHORISED": "autorisée",
        "state CHARGING": "en charge",
        "state TICKETED": "terminée",
        "state REFUSED": "non acceptée",
        "state active": "active",
    },
    "driver": {
        "failed, so far": (
            "{cp_id} a eu une panne ({why}). Ce que vous avez jusqu’ici est conservé\u00a0; le ticket "
            "final suit."
        ),
        "ends": "{why}. Ce que vous avez jusqu’ici est conservé\u00a0; le ticket final suit.",
        "engine lost": (
            "{cp_id} n’a pas de liaison avec CENTRAL\u00a0; une recharge en cours continue, ses chiffres "
            "sont figés."
        ),
        "monitor lost": "Le moniteur de {cp_id} ne se fait pas entendre\u00a0; votre recharge va jusqu’à sa fin.",
    },
    "registry": {
        "to register": "inscrire",
        "to re-register": "réinscrire",
        "to move": "déplacer",
        "to activate": "activer",
        "to deactivate": "désactiver",
        "to rotate": "changer le code d’accès de",
        "to withdraw": "désinscrire",
        "to revoke": "révoquer",
        "to invite": "inviter",
        "to get ticket": "ticket pour",
        "to add admin": "ajouter l’admin",
        "to log in": "connexion de",
        "to requests refused": "demandes refusées",
        "to unknown request": "demande inconnue",
    },
    "command_errors.typed_errors": {
        "id": "{what} {shown} ne convient pas\u00a0: sont permis 1 à 32 de A-Z, 0-9, _ et -",
        "currency": "devise {shown}\u00a0: indiquez-en une qui ait des centimes, parmi {names}",
        "high price": "le prix {shown} dépasse 100 par kWh\u00a0: est-il en centimes\u00a0?",
        "high amount": "le montant {shown} dépasse {most}\u00a0: est-ce une faute de frappe\u00a0?",
        "euros": "{why} {shown}\u00a0: donnez un nombre simple, comme {example}",
        "energy": "énergie {shown}\u00a0: donnez les kWh comme un nombre simple, au plus {most}, comme 3.2",
        "of price": "prix",
        "of amount": "montant",
        "location": "le lieu doit être un texte simple de 1 à {most} caractères sur une ligne.",
        "password length": (
            "Un mot de passe a de {least} à {most} caractères, et au plus {bytes} octets en UTF-8."
        ),
        "password characters": (
            "Un mot de passe n’est fait que de caractères, et d’aucun qui soit la moitié d’un autre."
        ),
    },
    "notify": {
        "title out": "{about} ne fonctionne pas",
        "out": "{about} ({location}) est {status}\u00a0: {why}.",
        "title back": "{about} fonctionne de nouveau",
        "back": "{about} ({location}) est de nouveau {status}.",
        "title alert": "Alerte\u00a0: {about}",
        "alert": "{text} (ouverte depuis {minutes} min)",
        "title restored": "Résolu\u00a0: {about}",
        "restored": "L’alerte sur {about} est terminée.",
        "title full": "Votre voiture est chargée",
        "full": (
            "{about}\u00a0: batterie pleine après {kwh} kWh, {euros} €. Merci de laisser la place au suivant."
        ),
        "nowhere": "sans lieu",
    },
    "join": {
        "this pc only": (
            "Attention\u00a0: {address} ne mène qu’à ce PC. Si c’est pour un autre PC, indiquez à "
            "quelle adresse il trouve celui-ci\u00a0: evcharge invite … --host 192.168.1.10"
        ),
        "not named": (
            "Attention\u00a0: le certificat du Registry ne nomme pas {host}, l’autre PC le refusera. "
            "Exécutez evcharge init --add-name {host}, puis redémarrez le Registry et Central."
        ),
    },
}
