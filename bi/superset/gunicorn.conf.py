"""How many wait for an answer at a time, and how long: dashboards ask for all their charts at once."""

workers = 2
worker_class = "gthread"
threads = 10
timeout = 120
# Nobody asks for it, and it would lie in the home folder of whoever starts the server.
control_socket_disable = True
