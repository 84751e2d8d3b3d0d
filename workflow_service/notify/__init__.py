"""Outside channels: how a notice leaves the service (docs/domain.md §3.4).

`outbox` takes pending deliveries one by one and sends each through its channel, at least once. `channel` says what a channel
is, `email` and `robots` are the real ones, `stub` is what tests use.
"""
