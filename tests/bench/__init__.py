"""How fast Mailstead is, as ratios to what anybody can measure in the same run on the same machine."""
