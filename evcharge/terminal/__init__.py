"""Screens and keyboards of terminals."""
