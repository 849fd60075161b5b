"""The stream of an agent's inbox: rows, counts and messages as they change, for every open page of a process."""
