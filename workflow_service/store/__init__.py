"""Tables and queries named for their question. No business decisions are taken here."""
