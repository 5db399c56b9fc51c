"""An electric-vehicle charging network: Registry, Central, charging points, drivers."""

__version__ = "0.1.0"
