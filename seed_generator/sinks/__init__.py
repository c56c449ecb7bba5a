"""Where the tables go: one small module or package an engine, all with one protocol."""
