"""EVC1, the protocol between Central and its peers: messages, frames, the handshake, both ends of a connection."""
