"""TLS certificates: how they are made here, where they lie, and what each port really serves."""
