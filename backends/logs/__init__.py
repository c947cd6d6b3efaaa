"""What the servers write: read back, followed and filtered, in one line of time."""
