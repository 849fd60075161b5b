"""The built-in page for those who run the shop, and the routes that only such a page and operators need."""
