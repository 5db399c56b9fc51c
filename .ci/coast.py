"""Makes the coast of the pages' map from Natural Earth: `python .ci/coast.py land-10m.json >…/js/vendor/coast.js`.

The file is of the npm package world-atlas 2.0.2 (Natural Earth 4.1, public domain). Where networks are likely the coast
is kept finer; elsewhere it says which continent this is.
"""

import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from evcharge.domain.strict_json import read_json

# Degrees of the box (west, south, east, north), and by how much the line may be off in it; the first that fits counts.
DETAIL = (
    ((-10.5, 35.0, 5.0, 44.5), 0.008),
    ((-19.0, 27.0, -13.0, 33.5), 0.015),
    ((-32.0, 33.0, 45.0, 72.0), 0.07),
    ((-180.0, -58.0, 180.0, 84.0), 0.25),
)
# Units of a degree in the path.
UNIT = 100
LINE = 4000

Point = tuple[float, float]


def tolerance(point: Point) -> float:
    """Return by how many degrees the line may be off here."""
    x, y = point
    return next((off for (w, s, e, n), off in DETAIL if w <= x <= e and s <= y <= n), 1.0)


def rings(path: str) -> Iterator[list[Point]]:
    """Yield every outer ring of a TopoJSON of land, in degrees."""
    topology = read_json(Path(path).read_bytes(), dict)
    (kx, ky), (x0, y0) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * kx + x0, y * ky + y0))
        arcs.append(points)
    for shape in topology["objects"]["land"]["geometries"]:
        for polygon in shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]:
            ring: list[Point] = []
            for number in polygon[0]:
                points = arcs[number] if number >= 0 else arcs[~number][::-1]
                ring += points[1:] if ring else points
            yield ring


def thinned(points: list[Point]) -> list[Point]:
    """Return what Douglas and Peucker leave of a ring, with the tolerance of each place."""
    keep = bytearray(len(points))
    keep[0] = keep[-1] = 1
    half = max(
        range(len(points)), key=lambda i: abs(points[i][0] - points[0][0]) + abs(points[i][1] - points[0][1])
    )
    keep[half] = 1
    waiting = [(0, half), (half, len(points) - 1)]
    while waiting:
        a, b = waiting.pop()
        (ax, ay), (bx, by) = points[a], points[b]
        dx, dy = bx - ax, by - ay
        long = dx * dx + dy * dy or 1e-12
        worst, at = 0.0, 0
        for i in range(a + 1, b):
            x, y = points[i]
            t = min(1.0, max(0.0, ((x - ax) * dx + (y - ay) * dy) / long))
            far = ((x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2) ** 0.5 / tolerance(points[i])
            if far > worst:
                worst, at = far, i
        if worst > 1:
            keep[at] = 1
            waiting += [(a, at), (at, b)]
    return [point for point, kept in zip(points, keep, strict=True) if kept]


def main(path: str) -> None:
    """Print the module."""
    parts = []
    for ring in rings(path):
        xs, ys = [x for x, _ in ring], [y for _, y in ring]
        # An island smaller than what a line may be off is not worth its bytes.
        if max(max(xs) - min(xs), max(ys) - min(ys)) < 5 * tolerance(ring[0]) or max(ys) < -58:
            continue
        thin = [(round(x * UNIT), round(-y * UNIT)) for x, y in thinned(ring)]
        steps = [(x - px, y - py) for (px, py), (x, y) in pairwise(thin)]
        steps = [step for step in steps if step != (0, 0)][:-1]
        if len(steps) > 2:
            # A minus parts two numbers as a blank does.
            line = "".join(
                f"{'' if number < 0 else ' '}{number}" for step in steps for number in step
            ).lstrip()
            parts.append(f"M{thin[0][0]} {thin[0][1]}l{line}z")
    whole = "".join(parts)
    print(
        "// The coasts of the world as the path of an SVG, in hundredths of a degree, north upwards (y = -latitude)."
    )
    print(
        "// Natural Earth 4.1, 1:10m land (naturalearthdata.com), public domain; thinned by .ci/coast.py, not edited."
    )
    print("export default [")
    for begin in range(0, len(whole), LINE):
        print(f'  "{whole[begin : begin + LINE]}",')
    print('].join("");')


if __name__ == "__main__":
    main(sys.argv[1])
