"""The draws: companies, sessions, names and the simulator's own books, as numpy arrays."""
