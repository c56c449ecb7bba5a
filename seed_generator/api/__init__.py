"""What Python programs are given, and what the command line is a thin layer over; imported as `saas_kpis`."""
