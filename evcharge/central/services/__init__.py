"""What Central does beside its peers: accounts, the Registry, the weather service, the walk along the chain."""
