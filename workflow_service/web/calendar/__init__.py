"""The working calendar: a year at a glance, with its holidays and make-up days, kept by supervisors."""
