"""Central's books: the tables, what is read from them, and how they are proven."""
