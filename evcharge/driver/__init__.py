"""The driver's app: line mode and file mode."""
