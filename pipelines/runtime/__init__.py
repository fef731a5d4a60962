"""What every pipeline needs of the machine: devices, progress, threads, fingerprints, versions."""
