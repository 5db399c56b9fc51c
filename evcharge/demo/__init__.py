"""`evcharge up`: the whole network on one PC, in real processes over real sockets."""

from evcharge.demo.show import DemoOptions, run

__all__ = ["DemoOptions", "run"]
