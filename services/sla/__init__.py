"""Service levels: the clocks of the times that a workspace promises, and an auditor that recomputes them from facts."""
