"""What people look at: the KPIs of any target, printed and as a page."""
