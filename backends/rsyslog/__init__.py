"""The system log as files."""
