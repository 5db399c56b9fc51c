"""`evcharge doctor`: what is wrong with this PC and its ways to the others, in plain words."""
