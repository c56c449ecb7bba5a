"""The command line `python -m seed_generator`."""
