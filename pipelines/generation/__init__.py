"""Networks at work: inputs of a network, frames one after the other, outputs."""
