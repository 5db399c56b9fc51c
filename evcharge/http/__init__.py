"""HTTP as Central and the Registry serve it, and the clients that call them."""
