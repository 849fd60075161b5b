"""LinkedIn's Community Management API: what it tells of a Page, and what is written below posts there."""
