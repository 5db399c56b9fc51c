"""Central's HTTP side: the REST API, the pages and their push. `app` wires it; each other module is one room."""

from evcharge.central.api.kit.access import is_loopback
from evcharge.central.api.kit.app import Api

__all__ = ["Api", "is_loopback"]
