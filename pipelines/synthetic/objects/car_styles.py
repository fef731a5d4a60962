"""Styles of cars: lowest and highest value of each of their measures.

`car_measures.Car` draws from them. In metres: length, width, height, wheel (radius), sill, track (by how much the
wheels stand outside of the body). In parts of the height: belt; in parts of the belt: nose, deck; in parts of the
length, from the nose: the rest. What else tells one style from another is in the modules of the parts.
"""

from dataclasses import dataclass

Range = tuple[float, float]


@dataclass(frozen=True)
class CarStyle:
    """Measures of the cars of a style; the defaults are those of a sedan. See `car_measures.Car` for their meaning."""

    weight: float
    """How often it is drawn."""
    length: Range = (4.3, 5.1)
    width: Range = (1.72, 1.92)
    height: Range = (1.36, 1.52)
    wheel: Range = (0.29, 0.34)
    sill: Range = (0.15, 0.21)
    track: Range = (-0.03, 0.01)
    belt: Range = (0.6, 0.68)
    nose: Range = (0.72, 0.86)
    cowl: Range = (0.25, 0.31)
    rake: Range = (0.12, 0.18)
    roof_end: Range = (0.69, 0.78)
    rear: Range = (0.83, 0.9)
    deck: Range = (0.92, 1.05)
    front: Range = (0.17, 0.2)
    back: Range = (0.78, 0.82)


MEASURES = tuple(CarStyle.__dataclass_fields__)[1:]

CAR_STYLES = {
    "sedan": CarStyle(3.5),
    "hatchback": CarStyle(
        2.5, length=(3.6, 4.4), height=(1.4, 1.56), nose=(0.74, 0.88), cowl=(0.21, 0.28), roof_end=(0.8, 0.92),
        rear=(0.93, 0.98),
        deck=(0.9, 1.02), back=(0.8, 0.85),
    ),
    "city car": CarStyle(
        0.8, length=(2.5, 3.5), width=(1.45, 1.65), height=(1.4, 1.6), nose=(0.74, 0.92), cowl=(0.14, 0.24),
        rake=(0.12, 0.2),
        roof_end=(0.82, 0.95), rear=(0.95, 0.985), deck=(0.9, 1.0), front=(0.17, 0.21), back=(0.8, 0.86),
        wheel=(0.26, 0.31),
    ),
    "estate": CarStyle(
        1.5, length=(4.4, 5.0), height=(1.4, 1.55), cowl=(0.24, 0.3), roof_end=(0.86, 0.94), rear=(0.95, 0.985),
        deck=(0.9, 1.0)
    ),
    "coupe": CarStyle(
        2, length=(4.1, 4.8), height=(1.22, 1.4), belt=(0.62, 0.7), nose=(0.66, 0.82), cowl=(0.28, 0.35),
        rake=(0.14, 0.2),
        roof_end=(0.64, 0.74), rear=(0.85, 0.95), deck=(0.92, 1.08), back=(0.78, 0.83),
    ),
    "muscle": CarStyle(
        1, length=(4.6, 5.2), width=(1.8, 1.98), height=(1.25, 1.4), belt=(0.62, 0.7), nose=(0.82, 0.95),
        cowl=(0.33, 0.4),
        rake=(0.1, 0.15), roof_end=(0.62, 0.7), rear=(0.78, 0.9), deck=(0.94, 1.05), front=(0.18, 0.22),
        back=(0.76, 0.8), wheel=(0.31, 0.36),
    ),
    "sports": CarStyle(
        2.5, length=(4.0, 4.8), width=(1.8, 2.05), height=(1.05, 1.28), belt=(0.63, 0.72), nose=(0.5, 0.72),
        cowl=(0.26, 0.36),
        rake=(0.15, 0.21), roof_end=(0.6, 0.74), rear=(0.82, 0.95), deck=(0.95, 1.12), sill=(0.09, 0.15),
        front=(0.18, 0.23),
        back=(0.79, 0.84), wheel=(0.3, 0.35),
    ),
    "convertible": CarStyle(
        1.8, length=(3.8, 4.8), height=(1.15, 1.4), belt=(0.62, 0.72), nose=(0.6, 0.84), cowl=(0.29, 0.37),
        rake=(0.1, 0.16),
        roof_end=(0.6, 0.7), rear=(0.68, 0.8), deck=(0.92, 1.05), sill=(0.12, 0.2),
    ),
    "SUV": CarStyle(
        2.2, length=(4.2, 5.1), width=(1.8, 2.0), height=(1.6, 1.9), nose=(0.8, 0.94), cowl=(0.22, 0.29),
        rake=(0.09, 0.15),
        roof_end=(0.84, 0.94), rear=(0.94, 0.985), deck=(0.9, 1.0), back=(0.79, 0.83), wheel=(0.34, 0.42),
        sill=(0.23, 0.34),
    ),
    "off-roader": CarStyle(
        1.2, length=(3.6, 4.7), width=(1.65, 1.95), height=(1.7, 2.0), belt=(0.6, 0.68), nose=(0.9, 0.99),
        cowl=(0.26, 0.34),
        rake=(0.02, 0.06), roof_end=(0.93, 0.97), rear=(0.95, 0.98), deck=(0.92, 1.0), back=(0.76, 0.82),
        wheel=(0.36, 0.46), sill=(0.35, 0.5),
    ),
    "pickup": CarStyle(
        1.5, length=(4.9, 5.8), width=(1.78, 2.05), height=(1.6, 1.95), belt=(0.58, 0.66), nose=(0.84, 0.96),
        cowl=(0.22, 0.29),
        rake=(0.07, 0.13), roof_end=(0.46, 0.62), rear=(0.5, 0.65), deck=(0.9, 1.0), front=(0.16, 0.2),
        back=(0.74, 0.79),
        wheel=(0.35, 0.45), sill=(0.28, 0.42),
    ),
    "van": CarStyle(
        1.2, length=(4.3, 5.6), width=(1.75, 2.05), height=(1.75, 2.4), belt=(0.5, 0.6), nose=(0.7, 0.92),
        cowl=(0.08, 0.2),
        rake=(0.08, 0.15), roof_end=(0.93, 0.985), rear=(0.98, 0.992), deck=(0.92, 1.0), front=(0.14, 0.2),
        sill=(0.18, 0.27),
    ),
    "minibus": CarStyle(
        1, length=(4.6, 7.0), width=(1.85, 2.2), height=(2.0, 2.7), belt=(0.42, 0.54), nose=(0.75, 0.97),
        cowl=(0.03, 0.12),
        rake=(0.03, 0.08), roof_end=(0.965, 0.99), rear=(0.98, 0.993), deck=(0.94, 1.0), front=(0.13, 0.2),
        back=(0.74, 0.8), sill=(0.2, 0.3),
    ),
    "limousine": CarStyle(
        0.7, length=(5.8, 8.2), width=(1.8, 1.98), height=(1.42, 1.58), nose=(0.78, 0.92), cowl=(0.18, 0.23),
        rake=(0.06, 0.1),
        roof_end=(0.82, 0.87), rear=(0.88, 0.92), deck=(0.94, 1.03), front=(0.11, 0.14), back=(0.83, 0.87),
    ),
    "racing": CarStyle(
        1.2, length=(4.2, 4.9), width=(1.85, 2.1), height=(1.02, 1.3), belt=(0.62, 0.74), nose=(0.45, 0.72),
        cowl=(0.28, 0.4),
        rake=(0.12, 0.19), roof_end=(0.55, 0.68), rear=(0.72, 0.9), deck=(0.9, 1.15), sill=(0.06, 0.11),
        front=(0.19, 0.24), wheel=(0.32, 0.36),
    ),
    "formula": CarStyle(
        0.9, length=(4.2, 5.4), width=(1.7, 2.0), height=(0.95, 1.15), wheel=(0.3, 0.36), front=(0.18, 0.26),
        back=(0.83, 0.9)
    ),
    "vintage": CarStyle(
        1.3, length=(3.5, 4.9), width=(1.1, 1.35), height=(1.55, 1.85), track=(0.16, 0.24), belt=(0.62, 0.7),
        nose=(0.88, 0.98),
        cowl=(0.36, 0.46), rake=(0.01, 0.06), roof_end=(0.8, 0.88), rear=(0.84, 0.94), deck=(0.8, 0.98),
        front=(0.12, 0.17),
        back=(0.78, 0.84), wheel=(0.33, 0.42), sill=(0.3, 0.42),
    ),
    "toy": CarStyle(
        1, length=(2.0, 3.4), width=(1.3, 1.8), height=(1.2, 1.8), belt=(0.54, 0.68), nose=(0.7, 0.98),
        cowl=(0.2, 0.34),
        rake=(0.04, 0.16), roof_end=(0.68, 0.93), rear=(0.82, 0.98), deck=(0.85, 1.05), front=(0.18, 0.24),
        back=(0.76, 0.82),
        wheel=(0.26, 0.4), sill=(0.14, 0.3), track=(-0.02, 0.12),
    ),
}  # fmt: skip
