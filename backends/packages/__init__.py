"""The Debian packages that the other systems need."""
