"""A small SVG: elements as escaped markup, a linear or logarithmic scale, round tick values."""

import math
from dataclasses import dataclass

from markupsafe import Markup, escape

Attribute = str | int | float


def element(name: str, *children: str, **attributes: Attribute) -> Markup:
    """Make one element; text children and attribute values are escaped, Markup children are not.

    A trailing `_` of an attribute is dropped and others become `-`: class_="dot", stroke_width=2.
    """
    written = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), _short(value))
        for key, value in attributes.items()
    )
    inside = Markup("").join(escape(child) for child in children)
    return Markup("<{0}{1}>{2}</{0}>").format(name, written, inside)


def drawing(title: str, width: float, height: float, *children: str, class_: str = "plot") -> Markup:
    """Make a picture of `width` x `height` user units that scales with its place on the page."""
    view = f"0 0 {_short(width)} {_short(height)}"
    return element("svg", element("title", title), *children, viewBox=view, class_=class_, role="img")


def polyline(points: list[tuple[float, float]], class_: str) -> Markup:
    """Join points by straight lines."""
    return element("polyline", points=" ".join(f"{_short(x)},{_short(y)}" for x, y in points), class_=class_)


def _short(value: Attribute) -> str:
    """Write a number with at most two decimals."""
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(value)


@dataclass(frozen=True)
class Scale:
    """Maps low..high of the data to start..end of the picture; `log` for ratios."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Give the place of `value`."""
        low, high, at = (math.log(v) if self.log else v for v in (self.low, self.high, value))
        return self.start + (at - low) / (high - low) * (self.end - self.start)


def linear_ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Round values (1, 2 or 5 times a power of ten) within low..high, near `about` of them."""
    raw = (high - low) / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= 0.7 * raw)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Values 1, 2 and 5 times powers of ten within low..high."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = (factor * 10.0**power for power in powers for factor in (1, 2, 5))
    return [value for value in values if low <= value <= high]
