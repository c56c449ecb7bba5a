"""How many wait for an answer at a time, and how long: dashboards ask for all their charts at once."""

workers = 2
worker_class = "gthread"
threads = 10
timeout = 120
