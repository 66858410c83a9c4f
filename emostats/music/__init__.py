"""Music chosen from what the face showed: state, policy, loop, and the evidence that it matched."""
