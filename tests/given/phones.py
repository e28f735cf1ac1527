"""A phone that has lost its line: packs as static/packing.js makes them, and their delivery."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field

from survey.sealed_box import PublicKey, seal_box


@dataclass
class Pocket:
    """What one phone seals for one response. Nothing of it is ever read on the phone again."""

    key: PublicKey
    response: str
    revision: int = 0
    language: str = "da"
    writer: str = field(default_factory=lambda: str(uuid.uuid4()))
    turn: int = 0
    answers: dict[str, object] = field(default_factory=dict)

    def pack(self, page, answers=(), move="next", **other):
        """One page, sealed. `answers` is column -> text, as its form would send it."""
        self.turn += 1
        fields = [
            ["write", str(uuid.uuid4())],
            ["revision", str(self.revision)],
            ["response", self.response],
            ["writer", self.writer],
            ["turn", str(self.turn)],
            ["move", move],
            *([column, text] for column, text in dict(answers).items()),
        ]
        content = {"format": 1, "page": page, "language": self.language, "fields": fields}
        return self.sealed(content | other)

    def sealed(self, content):
        text = content if isinstance(content, bytes) else json.dumps(content).encode()
        box = seal_box(self.key, text)
        return {"id": str(uuid.uuid4()), "wave": self.key.wave_id, "key": self.key.id, "box": box}


def deliver(client, *packs, here=False):
    """Send packs as the phone would; returns what became of each."""
    answer = client.post("/deliver", json={"packs": list(packs), "here": here})
    assert answer.status_code == 200, answer.text
    told = answer.get_json()["packs"]
    assert [one["id"] for one in told] == [pack["id"] for pack in packs]
    return [one["became"] for one in told]
