"""`evcharge fleet`: thousands of simulated charging points in one process, against a Central that runs."""
