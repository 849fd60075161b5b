"""The collector: it looks after connected accounts. Probes, polls, token refreshes and silences become facts of their health."""
