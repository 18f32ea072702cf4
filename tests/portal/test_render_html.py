"""Texts as HTML for Evennia's client, and as terminals' own links."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from everdoor.markup.clean import clean
from everdoor_portal.render.html import render_html
from everdoor_portal.render.kinds import Depth, Kind
from everdoor_portal.render.renderer import render_hyperlinked

TRUE, FEW, NONE = Kind(Depth.TRUECOLOR), Kind(Depth.ANSI), Kind(Depth.NONE)

SHOWN = [
    ("plain", "plain"),
    ("<b>&\"'", "&lt;b&gt;&amp;&quot;&#x27;"),
    ("a\nb\tc", "a<br>b&nbsp;&nbsp;&nbsp;&nbsp;c"),
    ("|ra|n b", '<span class="color-009">a</span> b'),
    ("|R|ua", '<span class="underline color-001">a</span>'),
    ("|ha", '<span class="color-015">a</span>'),
    ("|[Ba", '<span class="bgcolor-004">a</span>'),
    ("|500a", '<span class="color-196">a</span>'),
    ("|#ff8800a", '<span style="color:#ff8800">a</span>'),
    ("|[#ff8800a", '<span style="background-color:#ff8800">a</span>'),
    ("|*a", '<span class="bgcolor-007 color-000">a</span>'),
    ("|ia", '<span style="font-style:italic">a</span>'),
    (
        '|lcsay "hi" & <b>|ltgo|le',
        '<a id="mxplink" href="#" onclick="Evennia.msg(&quot;text&quot;,[&quot;say '
        '\\&quot;hi\\&quot; &amp; &lt;b&gt;&quot;],{});return false;">go</a>',
    ),
    (
        '|luhttps://a.example/?x="1"|ltpage|le',
        '<a href="https://a.example/?x=&quot;1&quot;" target="_blank" '
        'rel="noopener noreferrer">page</a>',
    ),
    ("|lujavascript:alert(1)|ltpage|le", "page"),
]


@pytest.mark.parametrize(("text", "html"), SHOWN)
def test_text_as_html(text: str, html: str) -> None:
    assert render_html(text, TRUE) == html


def test_colours_are_as_many_as_the_client_has() -> None:
    assert render_html("|#ff0000a", Kind(Depth.XTERM256)) == '<span class="color-196">a</span>'
    assert render_html("|#ff0000a", FEW) == '<span class="color-009">a</span>'
    assert render_html("|ra", NONE) == "a"


class Reader(HTMLParser):
    """What a browser makes of a piece of HTML: its elements, and its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


@given(st.text(st.sampled_from("|rnlcu/te<>&\"';=()script \n") | st.characters(), max_size=80))
def test_no_text_makes_an_element_or_a_script_of_its_own(text: str) -> None:
    read = Reader(render_html(text, TRUE))
    for tag, attributes in read.elements:
        assert tag in ("span", "br", "a")
        assert set(attributes) <= {"class", "style", "id", "href", "onclick", "target", "rel"}
        href = attributes.get("href") or "#"
        assert href == "#" or href.lower().startswith(("http://", "https://"))
        script = attributes.get("onclick")
        if script:
            assert re.fullmatch(
                r'Evennia\.msg\("text",\["(?:[^"\\\n]|\\.)*"\],\{\}\);return false;', script
            )


@given(st.text(max_size=50))
def test_raw_text_is_read_as_it_is(text: str) -> None:
    shown = render_html(text, Kind(Depth.TRUECOLOR, raw=True))
    lines = clean(text).split("\n")
    assert Reader(shown).words == "".join(lines).replace("\t", "\xa0" * 4)


def test_terminals_get_links_whose_address_is_encoded() -> None:
    shown = render_hyperlinked("|lclook \x07;ß|ltlook|le |lujavascript:x|ltbad|le", NONE)
    assert shown == "\x1b]8;;send:look%20%3B%C3%9F\x1b\\look\x1b]8;;\x1b\\ bad"
    page = render_hyperlinked("|luhttp://a.example/ü|ltpage|le", NONE)
    assert page == "\x1b]8;;http://a.example/%C3%BC\x1b\\page\x1b]8;;\x1b\\"


@given(st.text(st.sampled_from("|lcut e\x1b\\]8;x") | st.characters(), max_size=60))
def test_no_text_writes_a_sequence_of_its_own(text: str) -> None:
    shown = render_hyperlinked(text, NONE)
    assert "\x1b" not in re.sub(r"\x1b\]8;;[!-~]*\x1b\\", "", shown)
