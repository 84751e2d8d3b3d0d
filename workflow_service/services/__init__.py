"""Use cases: each is one transaction and one audit record. Callers open the transaction."""
