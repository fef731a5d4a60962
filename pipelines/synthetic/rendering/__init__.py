"""Ray casting, noise, palettes and backgrounds: what people, talking heads and objects are rendered with."""
