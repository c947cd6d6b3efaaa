"""Sends and reads real mail, as its users do."""
