"""What every training shares: session, averages, processes, logs, CUDA graphs, update loops."""
