"""Live chat for browsers: sessions, incoming messages, and the transcript as a list and as a stream.

The widget's files are in `static`. The channel adapter that delivers replies is `services.channels.webchat`.
"""
