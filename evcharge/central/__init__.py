"""Central: the control room. Read `app` first, then `network`."""
