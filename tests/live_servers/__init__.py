"""Real Kafka and MongoDB for tests: by address, by Docker, or as local processes. Use the fixtures of `fixtures`."""
