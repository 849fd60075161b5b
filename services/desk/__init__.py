"""The desk, the page on which agents answer: its files, and how agents sign in to it. What agents may see is in
`services/rest/viewer.py`, and the routes that the page calls are those of the other services.
"""
