"""The paper's own training: configurations, data, losses, pairs and sequences."""
