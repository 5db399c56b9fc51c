"""What every program here runs on: configuration, logs, clocks, waiting, listeners, stopping."""
