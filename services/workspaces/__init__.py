"""Configuration and keys over REST: workspaces, accounts, teams, routing, SLA policies. Holds nothing in memory."""
