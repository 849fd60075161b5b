"""HTTP in and out: the app, authentication, problems, limits, commands over REST, and the client with its SSRF guard."""
