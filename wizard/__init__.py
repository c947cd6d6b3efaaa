"""What a person wants of the server, and what follows from it."""
