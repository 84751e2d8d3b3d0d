"""What takes time, measured on this machine: `make bench` writes docs/performance.md.

Each figure stands beside its floor or its small case from the same run, because a number without the machine's own says little.
Nothing here is a test; what can be counted instead of timed is one (tests/proof/).
"""
