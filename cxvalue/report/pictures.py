"""A figure as the page embeds it: its title is said by the page, and its colours follow a dark screen."""

from __future__ import annotations

import base64
import colorsys
import re
from pathlib import Path

from cxvalue.foundation.errors import CxvalueError

_MEDIA_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")
_TITLE = re.compile(r'<g id="title-([\d.]+)">')
_VIEW = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
_HEIGHT = re.compile(r'(<svg [^>]*?)height="[\d.]+pt"')


def data_uri(path: Path | str) -> str:
    """Embed a figure: its svg or png file as a data URI."""
    path = Path(path)
    media_type = _MEDIA_TYPES.get(path.suffix.lower())
    if media_type is None:
        raise CxvalueError("The figure {file!r} is neither svg nor png, so it cannot be embedded.", file=path.name)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CxvalueError(
            "The figure {file!r} cannot be read: {reason}.", file=path.name, reason=error.strerror
        ) from error
    if path.suffix.lower() == ".svg":
        content = on_a_page(content.decode("utf-8")).encode("utf-8")
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def on_a_page(svg: str) -> str:
    """An svg without the band of its title, which the page writes as text, and with colours for a dark screen.

    A figure that holds a photograph of colours keeps them: they could not follow.
    """
    return _in_the_dark(below_its_title(svg))


def dark(colour: str) -> str:
    """The colour for a dark screen: as light as it was dark, the hue kept.

    >>> dark("#ffffff"), dark("#1d2733")
    ('#1c1c1c', '#becbda')
    """
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    hue, light, strong = colorsys.rgb_to_hls(red, green, blue)
    turned = colorsys.hls_to_rgb(hue, 0.93 - 0.82 * light, strong)
    return "#" + "".join(f"{round(part * 255):02x}" for part in turned)


def below_its_title(svg: str) -> str:
    """An svg without the band of its title."""
    title, view = _TITLE.search(svg), _VIEW.search(svg)
    if title is None or view is None:
        return svg
    cut, width, height = float(title[1]), float(view[1]), float(view[2])
    if not 0 < cut < height:
        return svg
    svg = _VIEW.sub(f'viewBox="0 {cut:g} {width:g} {height - cut:g}"', svg, count=1)
    return _HEIGHT.sub(lambda found: f'{found[1]}height="{height - cut:g}pt"', svg, count=1)


def _in_the_dark(svg: str) -> str:
    if "<image" in svg or "<svg" not in svg:
        return svg
    head, opening, body = svg.partition(svg[svg.index("<svg") : svg.index(">", svg.index("<svg")) + 1])
    colours = sorted({colour.lower() for colour in _COLOUR.findall(body)})
    light = "".join(f"--c{colour[1:]}:{colour};" for colour in colours)
    turned = "".join(f"--c{colour[1:]}:{dark(colour)};" for colour in colours)
    # Black is what a mark without a colour has.
    style = f"<style>svg{{{light}}}@media (prefers-color-scheme:dark){{svg{{{turned}fill:{dark('#000000')}}}}}</style>"
    return head + opening + style + _COLOUR.sub(lambda found: f"var(--c{found[0][1:].lower()})", body)
