"""Sources as cells with their table of labels: bins, clusters, symbols, and what they share."""
