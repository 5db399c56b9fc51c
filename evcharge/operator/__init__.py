"""The operator's commands of any shell: orders to Central, registering at the Registry."""
