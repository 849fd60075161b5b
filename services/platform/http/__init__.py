"""HTTP in and out: the app, authentication, problems, limits, commands over REST, and the client with its SSRF guard.

`service` defines the components that a service adds to its process. Code that knows a document of a service does not
belong here but in `services/rest`.
"""
