"""What people look at: the KPIs, read from the marts of any target."""
