"""The firewall: its rules, and the trial that takes them back unless they are confirmed."""
