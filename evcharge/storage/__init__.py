"""SQLite behind one writer, and the hash chain that proves what was written."""
