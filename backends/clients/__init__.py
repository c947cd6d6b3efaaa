"""What mail programs and their users read to set themselves up."""
