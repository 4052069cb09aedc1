"""Running an author's code: tool caller, concurrency, circuit breaker, deadline, watchdog, lifespans, observers."""
