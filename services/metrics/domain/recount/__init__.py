"""The recount: every figure of docs/kpis.md from whole histories of facts, by definition and in hindsight.

It exists to check the counters, and therefore shares no code with them: this package imports contracts and business
hours alone (an import contract enforces it), has no state between facts, and reads each conversation as a whole.
"""
