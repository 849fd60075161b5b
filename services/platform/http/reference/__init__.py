"""The page `/docs`: the routes of `/openapi.json` to read, from files of this package; it asks nobody else."""
