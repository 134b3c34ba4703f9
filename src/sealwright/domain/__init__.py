"""What our words mean: plain values and rules, no I/O."""
