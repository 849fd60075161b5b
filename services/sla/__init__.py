"""Service levels: the clocks of what was promised to customers, and an auditor that works them out again."""
