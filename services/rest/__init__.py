"""What REST routes of several services share: the resource that a path names (404 without it), and views of documents.

Rules belong into `domain`, collections into `records`, and code that knows none of our documents into `platform/http`.
"""
