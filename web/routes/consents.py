"""What people are asked to agree to, and what a customer has said."""

import datetime as dt
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, StringConstraints
from starlette.responses import Response

from erp_club.customers.consents import commands, queries
from erp_club.customers.fields import CONSENTS
from erp_club.customers.queries import record
from erp_club.permissions.catalog import Permission
from web.deps import Act, ActRoute, needs
from web.fields import Body, RowId, Storable
from web.forms import FormState
from web.refusals import again

router = APIRouter(route_class=ActRoute, tags=["consents"])
Word = Annotated[Act, needs(Permission.CUSTOMERS_CONSENT_WORDINGS)]
Channel = Literal["advertising", "sms", "email", "post"]
Language = Literal["he", "fi", "sv", "en"]
WordingText = Annotated[str, StringConstraints(max_length=2 * commands.LONGEST), Storable]


class WordingBody(Body):
    """What is asked for a channel from now on, by language."""

    texts: dict[Language, WordingText | None] = {}


class WordingView(BaseModel):
    """A version of what is asked for a channel."""

    channel: str
    version: int
    texts: dict[str, str]
    at: dt.datetime
    by: str | None


class ChannelWordings(BaseModel):
    """A channel with what is asked for it (null: the product's own words) and what was asked before."""

    channel: str
    current: WordingView | None
    before: list[WordingView]


class WordingsPage(BaseModel):
    """The wordings of all channels."""

    channels: list[ChannelWordings]


class SaidView(BaseModel):
    """A yes or no of a customer; wording and language are null where it came without."""

    at: dt.datetime
    channel: str
    given: bool
    source: str
    staff: str | None
    store: str | None
    till: int | None
    version: int | None
    language: str | None
    text: str | None


class ConsentHistory(BaseModel):
    """All that a customer has said to advertising, the latest first."""

    customer_id: int
    name: str
    said: list[SaidView]


def _view(act: Act) -> WordingsPage:
    versions = [WordingView.model_validate(each, from_attributes=True) for each in queries.wordings(act.session)]
    channels: list[ChannelWordings] = []
    for channel in CONSENTS:
        mine = [each for each in versions if each.channel == channel]
        channels.append(ChannelWordings(channel=channel, current=mine[0] if mine else None, before=mine[1:]))
    return WordingsPage(channels=channels)


def wordings_page(act: Act, form: FormState) -> Response:
    """The page with what was refused."""
    return act.answer(_view(act), "consents/wordings.html", form=form)


@router.get("/consent-wordings", name="consents.wordings", response_model=WordingsPage)
def wordings(act: Word) -> Response:
    """What people are asked to agree to, and what they were asked before."""
    return wordings_page(act, FormState())


@router.put("/consent-wordings/{channel}", name="consents.word", response_model=WordingsPage)
@again(wordings_page)
def word(act: Word, channel: Channel, body: WordingBody) -> Response:
    """Ask this from now on; what people have said keeps the wording of then."""
    texts = {language: text for language, text in body.texts.items() if text}
    commands.word(act.session, channel, texts, now=act.now, by=act.by)
    return act.done(_view(act), "/consent-wordings", status=200)


@router.get("/customers/{customer_id}/consents", name="consents.history", response_model=ConsentHistory)
def history(act: Annotated[Act, needs(Permission.CUSTOMERS_VIEW)], customer_id: RowId) -> Response:
    """All that a customer has said: when, to what, who took it, where and how."""
    person = record(act.session, customer_id)
    said = [SaidView.model_validate(each, from_attributes=True) for each in queries.history(act.session, customer_id)]
    name = f"{person.given_name} {person.family_name}".strip()
    return act.answer(ConsentHistory(customer_id=customer_id, name=name, said=said), "consents/history.html")
