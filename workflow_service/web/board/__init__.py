"""What is late, why and whose: the supervisors' board and the ledger of any day."""
