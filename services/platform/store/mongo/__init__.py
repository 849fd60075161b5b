"""The store in MongoDB. Nothing outside this package imports motor, pymongo or bson."""
