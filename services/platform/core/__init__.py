"""What everything else stands on: errors, ids, the source of time, settings, logging, metrics, pauses between attempts.

Nothing that talks to a network, a database or a framework, and no port.
"""
