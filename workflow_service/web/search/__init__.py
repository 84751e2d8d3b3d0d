"""One search over plans, codes and people."""
