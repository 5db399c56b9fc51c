"""What `evcharge ports` says."""

from collections.abc import Mapping

from evcharge.labels import Words

SENTENCES: Mapping[str, Words] = {
    "in": ("Incoming (TCP):", "Los demás entran por (TCP):"),
    "out": ("Outgoing (TCP):", "Sale hacia (TCP):"),
    "closed": ("(for this PC only; for others: {flag})", "(solo para este PC; para otros: {flag})"),
    "open": (
        "Open these on the PC where the role runs, with the command of its firewall:",
        "Ábralos en el PC donde se ejecuta, con el cortafuegos que tenga:",
    ),
    "all peers": (
        "HTTPS of every PC: charging points, drivers, Central, evcharge join",
        "HTTPS de todos los PC: puntos de recarga, conductores, Central, evcharge join",
    ),
    "peers": (
        "EVC1 of engines, monitors and drivers",
        "EVC1 de motores, monitores y conductores",
    ),
    "browsers": (
        "pages and API: browsers, operators, the weather service",
        "páginas y API: navegadores, operadores, el servicio del clima",
    ),
    "its monitor": (
        "its monitor, when that is on another PC",
        "su monitor, si está en otro PC",
    ),
    "to registry": ("Registry", "Registry"),
    "to central": ("Central", "Central"),
    "to api": ("Central's API", "API de Central"),
    "to engine": ("its engine", "su motor"),
    "to brokers": ("Kafka", "Kafka"),
    "to source": ("source of weather", "fuente del clima"),
}
