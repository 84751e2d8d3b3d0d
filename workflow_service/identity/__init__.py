"""Units, posts, people, how they sign in, and what each may do (docs/domain.md §5)."""
