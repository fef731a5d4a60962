"""Files, frames and poses around the networks."""
