"""What REST routes of several services share: the resource that a path names (404 without it), and views of documents.

Rules belong into `domain`, reading and writing into `records`, and what knows no document of ours into `platform/http`.
"""
