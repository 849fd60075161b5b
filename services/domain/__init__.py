"""Rules that several contexts share, pure: values and a time in, values out. No IO, and nothing of one context alone."""
