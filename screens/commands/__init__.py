"""The commands, a file for each; every one is loaded only when it is called."""
