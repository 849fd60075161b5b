"""Dispatch decides which agent gets which conversation, and explains why.

One partition owns all agents and tasks of a workspace, so that capacity is a fact and not a race.
"""
