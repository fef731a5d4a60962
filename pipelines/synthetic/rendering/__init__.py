"""Ray casting, noise, palettes and backgrounds."""
