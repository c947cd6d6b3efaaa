"""The records that the world has to see for this server's mail to flow."""
