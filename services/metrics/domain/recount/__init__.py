"""The recount: every figure of docs/kpis.md from whole histories of facts, by definition and in hindsight.

It exists to check the counters, so it shares nothing with them: this package imports contracts and business hours only
(an import contract holds it to that), remembers nothing between facts, and reads each conversation as a whole.
"""
