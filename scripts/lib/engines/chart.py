# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Draws a comparison as bars: for each model the speed of every engine that
is right, relative to Visir's, as one SVG file without scripts or fonts."""

from xml.sax.saxutils import escape

from scripts.lib.engines import summary

COLOURS = {
    "visir": "#1b6ca8",
    "onnxruntime": "#e08e45",
    "openvino": "#7a9e3f",
    "ncnn": "#b05ca0",
    "mnn": "#8a8a8a",
}
LEFT, WIDTH, BAR, GAP, TOP = 190, 520, 9, 8, 58


def text(x, y, content, size=11, anchor="start", weight="normal"):
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" '
        f'text-anchor="{anchor}" font-weight="{weight}">'
        f"{escape(content)}</text>"
    )


def rectangle(x, y, width, height, colour):
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}" fill="{colour}"/>'
    )


def bars(result, y, scale):
    """Shapes of one model's engines and the y below them."""
    visir = summary.row_of(result, "visir")
    shapes, top = [], y
    for row in result["rows"]:
        if not summary.is_right(row) or not summary.is_right(visir):
            continue
        speed = visir["ms"] / row["ms"]
        shapes.append(
            rectangle(LEFT, y, speed * scale, BAR, COLOURS[row["engine"]])
        )
        shapes.append(
            text(LEFT + speed * scale + 4, y + BAR - 1, f"{row['ms']:.2f} ms", 8)
        )
        y += BAR
    y = max(y, top + BAR)
    label = text(LEFT - 8, (top + y) / 2 + 4, result["model"], 11, "end")
    return [label, *shapes], y + GAP


def fastest(results):
    """The largest speed relative to Visir, at least 1."""
    ratios = [summary.ratio_to_best(result) for result in results]
    return max([1.0, *(1 / r for r in ratios if r)])


def draw(results, title):
    """The SVG text for the results of one number of threads."""
    scale, y = WIDTH / fastest(results) * 0.9, TOP
    shapes = [text(LEFT, 20, title, 13, weight="bold")]
    x = LEFT
    for engine in ["visir", *summary.engines_of(results)]:
        shapes.append(rectangle(x, 32, 10, 10, COLOURS[engine]))
        shapes.append(text(x + 14, 41, engine))
        x += 24 + 7 * len(engine)
    for result in results:
        more, y = bars(result, y, scale)
        shapes += more
    line = LEFT + scale
    shapes.append(
        f'<line x1="{line:.1f}" x2="{line:.1f}" y1="{TOP - 6}" y2="{y}" '
        'stroke="#444" stroke-dasharray="3 3"/>'
    )
    size = f'width="{LEFT + WIDTH + 70}" height="{y + 10}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} '
        'font-family="sans-serif">\n'
        f'<rect {size} fill="white"/>\n' + "\n".join(shapes) + "\n</svg>\n"
    )
