"""How SLA clocks start, run and end, by which policy, and how all of it is recomputed. Pure."""
