"""Kill tests on real processes: a steady crowd buys while parts of the installation are killed, frozen, filled or lied
to. Each client keeps the answers it got, and in the end they are compared with what is.

``python -m tests.chaos --rounds 20`` runs rounds of all kinds (docs/chaos.md).
"""
