"""The filter's memory: a Redis instance of its own, reached by a unix socket only."""
