"""Outgoing text to telnet bytes: line ends, encoding, IAC.

The text is sent as it is otherwise. Escape sequences and control characters that came from players
or the game are the renderer's to remove: it alone knows which of them it has put there itself.

Source: RFC 854.
"""

_IAC = b"\xff"
_IAC_IAC = b"\xff\xff"


def encode_text(text: str, encoding: str) -> bytes:
    """Encode text for the wire; `everdoor.encodings` says for which encodings.

    CR LF, CR and LF all become CR LF. What the encoding cannot express becomes `?`. A byte 255
    is doubled, so that nothing in a text can be taken for a telnet command.
    """
    return escape(plain_line_ends(text).encode(encoding, "replace"))


def plain_line_ends(text: str) -> str:
    """Make every line end of a text CR LF."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\n", "\r\n")


def escape(data: bytes) -> bytes:
    """Double every byte 255."""
    return data.replace(_IAC, _IAC_IAC) if _IAC in data else data
