"""What a fit is made of: what it trains on what, its clock and log, and its end."""
