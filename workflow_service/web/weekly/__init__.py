"""The weekly ledger: what every lead unit reported of its plans, who has not, and the files of it."""
