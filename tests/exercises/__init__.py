"""Exercises of docs/lab that change the code: their hidden tests, and model solutions that prove them."""
