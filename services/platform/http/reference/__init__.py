"""The page `/docs` with the routes of `/openapi.json`. All its files are in this package; it loads none from elsewhere."""
