"""What a producer's people see first: tonight, recent sales, and what needs them."""
