"""Bars as SVG: small, without a library, readable in light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

_ROW, _LEFT, _WIDE = 26, 230, 330


def bars(title: str, rows: Sequence[tuple[str, float]], *, unit: str, limit: float | None) -> str:
    """Return a picture of figures beside each other.

    Args:
        title: stands above.
        rows: what was measured, and the figure.
        unit: stands behind each figure.
        limit: what was promised, as a line across; None for none.
    """
    most = max([value for _, value in rows] + ([limit] if limit else [])) or 1.0
    height = 40 + _ROW * len(rows) + 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="680" height="{height}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="680" height="{height}" fill="#fff"/>',
        f'<text x="10" y="22" font-weight="bold">{escape(title)}</text>',
    ]
    for place, (name, value) in enumerate(rows):
        top = 36 + place * _ROW
        wide = max(1.0, _WIDE * value / most)
        parts += [
            f'<text x="{_LEFT - 8}" y="{top + 15}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{_LEFT}" y="{top + 3}" width="{wide:.1f}" height="16" fill="#4677a8"/>',
            f'<text x="{_LEFT + wide + 6:.1f}" y="{top + 15}">{value:,.3g}{escape(unit)}</text>',
        ]
    if limit:
        x = _LEFT + _WIDE * limit / most
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="34" y2="{height - 6}" stroke="#b33" '
            'stroke-dasharray="4 3"/>'
        )
    return "\n".join([*parts, "</svg>", ""])
