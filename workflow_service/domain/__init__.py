"""The rules themselves: plans, routes, approvals, deadlines, supervision.

Imports the standard library, itself and `i18n` only.
"""
