"""The commands of `pasokh`: one file each, a function of its flags. What they may raise is in `plain`."""
