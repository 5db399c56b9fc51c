"""`evcharge up`: the whole network on one PC, in real processes over real sockets."""

from evcharge.demo.show import Wish, run

__all__ = ["Wish", "run"]
