"""Demos: constructed people and plans driven through the engine, in a database of their own (docs/operations.md)."""
