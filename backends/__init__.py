"""How this machine does what Mailstead wants, and what it is doing now. Knows nothing of answers or faces."""
