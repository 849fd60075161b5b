"""Joins the persons of one customer on recorded evidence, and parts them again."""
