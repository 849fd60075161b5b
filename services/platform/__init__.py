"""What any service needs to run: bus, store, processor, HTTP, settings, clock. Knows no channel and no conversation."""
