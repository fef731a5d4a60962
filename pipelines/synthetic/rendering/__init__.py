"""Ray casting, noise, palettes and backgrounds: what people and objects are rendered with."""
