"""Everybody who is connected to Central: who may come in, what they say, what they are told."""
