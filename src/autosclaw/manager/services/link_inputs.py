"""Input rows as the frames an agent gets.

Pure; must not deliver.
"""

import msgspec

from autosclaw.manager.store.inputs import InputRow, Kind
from autosclaw.protocol import link


def to_frame(row: InputRow) -> bytes:
    """The frame of one input."""
    payload = msgspec.json.decode(row.payload)
    if row.kind is Kind.CHAT:
        return link.encode(link.Chat(message=payload["message"], input=row.number, id=row.id))
    if row.kind is Kind.ANSWER:
        return link.encode(
            link.AskUserResponse(
                answers=payload["answers"],
                question_id=payload.get("questionId"),
                input=row.number,
            )
        )
    return link.encode(link.Interrupt(input=row.number))
