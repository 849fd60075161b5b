"""The SQLite engine alone: one connection, its jobs and rows. It knows neither the bus port nor the store port."""
