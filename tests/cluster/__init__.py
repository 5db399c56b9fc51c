"""The proof that several Centrals on one PostgreSQL lose and double nothing: `python -m tests.cluster`."""
