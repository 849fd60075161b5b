"""What any service needs to run, in seven packages: core < sqlite < bus < store < processing < http < host.

It knows no channel and no conversation, and no module lies outside the seven.
"""
