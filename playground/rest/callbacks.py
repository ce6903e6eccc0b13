"""Answers to interactions: the first by its callback, the rest by a webhook that the interaction's token opens."""

from __future__ import annotations

from playground import errors, payloads
from playground.entities import Interaction, Json, Message
from playground.interactions import ANSWER, CHANGE, FORM, PROMISE, private
from playground.posting import Draft
from playground.rest import bodies, forms
from playground.rest.exchange import NOTHING, Exchange, Reply, Route, ok


async def callback(exchange: Exchange) -> Reply:
    interaction = exchange.world.interactions.get(exchange.id("interaction_id"))
    if interaction is None or interaction.token != exchange.request.match_info["token"]:
        raise errors.unknown_interaction()
    form = await forms.read(exchange, bodies.CALLBACK)
    data: Json = form.body.get("data") or {}
    type: int = form.body["type"]
    draft = Draft()
    if type in (ANSWER, PROMISE, CHANGE):
        changed = interaction.message if type == CHANGE else None
        draft = forms.draft(exchange, data, form.files, interaction.channel, "data", on=changed)
    elif type == FORM:
        forms.check_modal(data, "data")
    message = exchange.interactions.answer(interaction, type, data, draft)
    if exchange.request.query.get("with_response", "").lower() not in ("1", "true"):
        return NOTHING
    return ok(_response(exchange, interaction, message))


async def follow_up(exchange: Exchange) -> Reply:
    interaction = _opened(exchange)
    form = await forms.read(exchange, bodies.ANSWER)
    promised = exchange.interactions.promised(interaction)
    draft = forms.draft(exchange, form.body, form.files, interaction.channel, on=promised)
    message = exchange.interactions.follow_up(interaction, draft)
    return ok(payloads.message(exchange.world, message))


async def get(exchange: Exchange) -> Reply:
    return ok(payloads.message(exchange.world, _message(exchange, _opened(exchange))))


async def edit(exchange: Exchange) -> Reply:
    interaction = _opened(exchange)
    _message(exchange, interaction)
    form = await forms.read(exchange, bodies.ANSWER)
    # While its body came, the message may have gone.
    message = _message(exchange, interaction)
    draft = forms.draft(exchange, form.body, form.files, message.channel, on=message)
    exchange.interactions.edit(interaction, message, draft)
    return ok(payloads.message(exchange.world, message))


async def delete(exchange: Exchange) -> Reply:
    exchange.interactions.delete(_message(exchange, _opened(exchange)))
    return NOTHING


def _opened(exchange: Exchange) -> Interaction:
    if exchange.id("webhook_id") != exchange.world.bot.id:
        raise errors.unknown_webhook()
    return exchange.interactions.with_token(exchange.request.match_info["token"])


def _message(exchange: Exchange, interaction: Interaction) -> Message:
    named = exchange.request.match_info.get("message_id", "@original")
    return exchange.interactions.message(interaction, None if named == "@original" else exchange.id("message_id"))


def _response(exchange: Exchange, interaction: Interaction, message: Message | None) -> Json:
    told: Json = {"id": str(interaction.id), "type": interaction.type, "channel_id": str(interaction.channel.id)}
    if interaction.channel.guild is not None:
        told["guild_id"] = str(interaction.channel.guild.id)
    if message is None:
        return {"interaction": told}
    told["response_message_id"] = str(message.id)
    told["response_message_loading"] = message.loading
    told["response_message_ephemeral"] = private(interaction)
    if interaction.answered == PROMISE:
        return {"interaction": told}
    shown = payloads.message(exchange.world, message)
    return {"interaction": told, "resource": {"type": interaction.answered, "message": shown}}


_WEBHOOK = "/webhooks/{webhook_id}/{token}"
_MESSAGE = _WEBHOOK + "/messages/{message_id}"
_TOKEN = ("webhook_id", "token")

ROUTES = (
    Route(
        method="POST",
        path="/interactions/{interaction_id}/{token}/callback",
        handler=callback,
        major=("interaction_id",),
        for_interaction=True,
    ),
    Route(
        method="POST",
        path=_WEBHOOK,
        handler=follow_up,
        major=_TOKEN,
        rate="interaction.webhook",
        for_interaction=True,
    ),
    *(
        Route(
            method=method,
            path=_MESSAGE,
            handler=handler,
            major=_TOKEN,
            rate=None if method == "GET" else "interaction.webhook",
            for_interaction=True,
        )
        for method, handler in (("GET", get), ("PATCH", edit), ("DELETE", delete))
    ),
)
