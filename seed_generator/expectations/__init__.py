"""What is known before a single draw: every figure's expected value and bounds, in closed form."""
