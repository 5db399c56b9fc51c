"""What this network is about, in its own terms: ids, sessions, charging points, money, events. Pure."""
