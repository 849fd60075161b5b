"""Dispatch: which agent gets which conversation, and why. Agents and tasks of a workspace have one writer."""
