"""HTTP in and out: the app, authentication, problems, limits, commands over REST, and the client with its SSRF guard.

`service` says what a service brings to its process. Nothing that knows a document of a service: see `services/rest`.
"""
