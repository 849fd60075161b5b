"""Configuration and API keys over REST: workspaces, accounts, teams, routing rules, SLA policies. Stateless."""
