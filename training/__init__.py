"""Makes the tables of `services/text/tables` from the phrases beside it. The service needs none of it at run time."""
