"""Interactions: commands and buttons that people use, the first response within three seconds, and what follows it.

Source: Discord's developer documentation, "Receiving and Responding to Interactions".
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field

from tests.fakes.discord_checks import check_body
from tests.fakes.discord_errors import invalid_form, refusal
from tests.fakes.discord_mentions import Mentions, allowed_mentions
from tests.fakes.discord_messages import require_something, revise
from tests.fakes.discord_modals import check_modal
from tests.fakes.discord_payloads import interaction_object, message_object
from tests.fakes.discord_routes import NOTHING, Answer, Asked, Route
from tests.fakes.discord_state import Channel, Intent, Interaction, Json, Message, MessageFlag, User
from tests.fakes.discord_uploads import check_voice, with_files, without_voice
from tests.fakes.discord_world import Event, World

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
_SLASH_RESPONSE, _MENU_RESPONSE = 20, 23
_ALLOWED = {COMMAND: (4, 5, 9), COMPONENT: (4, 5, 6, 7, 9), AUTOCOMPLETE: (8,), MODAL: (4, 5)}
_FOR_COMPONENTS = (6, 7)


@dataclass(slots=True)
class Interactions:
    """`seen` are all interactions, in order."""

    world: World
    seen: list[Interaction] = field(default_factory=list)
    _by_token: dict[str, Interaction] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def routes(self) -> list[Route]:
        webhook = "/webhooks/{application}/{token}"
        message = webhook + "/messages/{message}"
        found = [
            Route("POST", "/interactions/{interaction}/{token}/callback", self.respond, tokenless=True),
            Route("POST", webhook, self.follow_up, "webhook", "token", tokenless=True),
        ]
        for path in (webhook + "/messages/@original", message):
            found += [
                Route("GET", path, self.get_message, "webhook", "token", tokenless=True),
                Route("PATCH", path, self.edit_message, "webhook", "token", tokenless=True),
                Route("DELETE", path, self.delete_message, "webhook", "token", tokenless=True),
            ]
        return found

    def begin(
        self,
        kind: int,
        channel: Channel,
        user: User,
        data: Json,
        *,
        message: Message | None = None,
        user_install: bool = False,
    ) -> Interaction:
        """Somebody uses a command or a button."""
        if not user_install:
            assert channel.guild is None or channel.guild.has_bot, "the bot is not in this server"
        world = self.world
        interaction = Interaction(
            world.new_id(), secrets.token_urlsafe(64), kind, channel, user, world.clock(), data, message, user_install
        )
        self.seen.append(interaction)
        self._by_token[interaction.token] = interaction
        world.emit(Event("INTERACTION_CREATE", interaction_object(interaction, world.bot), Intent.NONE))
        return interaction

    async def answered(self, interaction: Interaction, timeout: float) -> None:
        """Wait for the first response."""
        async with asyncio.timeout(timeout):
            while interaction.response is None:
                self._changed.clear()
                await self._changed.wait()

    def respond(self, asked: Asked) -> Answer:
        """The first response, which may come once and within three seconds."""
        interaction, kind = self._by_token.get(asked.path["token"]), int(asked.body.get("type", 0))
        now = self.world.clock()
        if interaction is None or interaction.id != asked.path["interaction"]:
            raise refusal(10062)
        if interaction.response is not None:
            raise refusal(40060)
        if now - interaction.at > self.world.rules.respond_within:
            raise refusal(10062)
        allowed = _allowed(interaction)
        if kind not in allowed:
            raise invalid_form("type", "BASE_TYPE_CHOICES", f"Value must be one of {allowed}.")
        self._apply(interaction, kind, asked)
        interaction.response, interaction.responded_at = kind, now
        self._changed.set()
        if asked.query.get("with_response") in ("1", "true"):
            return Answer(self._callback_object(interaction, kind))
        return NOTHING

    def follow_up(self, asked: Asked) -> Answer:
        """A further message. The first one after a deferral takes the place of "is thinking…"."""
        interaction = self._live(asked)
        waiting = interaction.original
        if waiting is not None and waiting.thinking and waiting.id in waiting.channel.messages:
            revise(self.world, waiting, asked)
            return self._shown(waiting)
        guild = interaction.channel.guild
        outside = interaction.user_install and (guild is None or not guild.has_bot)
        if outside and interaction.followups >= self.world.rules.user_install_followups:
            raise refusal(40094)
        interaction.followups += 1
        return self._shown(self._post(interaction, without_voice(asked.body), asked))

    def get_message(self, asked: Asked) -> Answer:
        return self._shown(self._message(asked))

    def edit_message(self, asked: Asked) -> Answer:
        message = self._message(asked)
        revise(self.world, message, asked)
        return self._shown(message)

    def delete_message(self, asked: Asked) -> Answer:
        self.world.remove(self._message(asked))
        return NOTHING

    def _apply(self, interaction: Interaction, kind: int, asked: Asked) -> None:
        data = asked.body.get("data") or {}
        match kind:
            case 4:
                interaction.original = self._post(interaction, data, asked)
            case 5:
                interaction.original = self._think(interaction, data)
            case 6:
                interaction.original = interaction.message
            case 7:
                interaction.original = interaction.message
                assert interaction.message is not None
                revise(self.world, interaction.message, asked, data)
            case 8:
                interaction.choices = _checked_choices(data.get("choices") or [])
            case 9:
                check_modal(data)
                interaction.modal = data

    def _post(self, interaction: Interaction, given: Json, asked: Asked) -> Message:
        body = with_files(self.world, interaction.channel, given, asked)
        check_body(body, self.world.rules)
        require_something(body)
        check_voice(interaction.channel, body)
        mentions = allowed_mentions(body.get("content") or "", body.get("allowed_mentions"), None)
        return self._place(interaction, body, mentions, MessageFlag(0))

    def _think(self, interaction: Interaction, data: Json) -> Message:
        return self._place(interaction, data, Mentions(), MessageFlag.LOADING)

    def _place(self, interaction: Interaction, body: Json, mentions: Mentions, flags: MessageFlag) -> Message:
        hidden = MessageFlag(body.get("flags", 0)) & MessageFlag.EPHEMERAL
        return self.world.post(
            interaction.channel,
            self.world.bot,
            body,
            mentions,
            type=_message_type(interaction),
            flags=int(flags | hidden),
            seen_by=interaction.user if hidden else None,
            interaction=interaction,
        )

    def _live(self, asked: Asked) -> Interaction:
        """The interaction that a webhook's token belongs to, while the token lives and once it was responded to."""
        interaction = self._by_token.get(asked.path["token"])
        if interaction is None or asked.path["application"] != self.world.bot.id or interaction.response is None:
            raise refusal(10015)
        if self.world.clock() - interaction.at > self.world.rules.token_life:
            raise refusal(50027)
        return interaction

    def _message(self, asked: Asked) -> Message:
        interaction = self._live(asked)
        message = interaction.original
        if "message" in asked.path:
            message = interaction.channel.messages.get(asked.path["message"])
            if message is not None and message.interaction is not interaction and message is not interaction.original:
                message = None
        if message is None or message.id not in message.channel.messages:
            raise refusal(10008)
        return message

    def _shown(self, message: Message) -> Answer:
        return Answer(message_object(message, self.world.bot))

    def _callback_object(self, interaction: Interaction, kind: int) -> Json:
        data: Json = {"id": interaction.id, "type": interaction.kind}
        message = interaction.original
        if message is None:
            return {"interaction": data}
        data["response_message_id"] = message.id
        data["response_message_loading"] = message.thinking
        data["response_message_ephemeral"] = message.seen_by is not None
        resource: Json = {"type": kind}
        if kind in (4, 7):
            resource["message"] = message_object(message, self.world.bot)
        return {"interaction": data, "resource": resource}


def _allowed(interaction: Interaction) -> tuple[int, ...]:
    """The first responses; a form that a component opened may answer as the component could."""
    more = _FOR_COMPONENTS if interaction.kind == MODAL and interaction.message is not None else ()
    return _ALLOWED[interaction.kind] + more


def _message_type(interaction: Interaction) -> int:
    if interaction.kind != COMMAND:
        return 0
    return _MENU_RESPONSE if "target_id" in interaction.data else _SLASH_RESPONSE


def _checked_choices(choices: list[Json]) -> list[Json]:
    if len(choices) > 25:
        raise invalid_form("data.choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    for number, choice in enumerate(choices):
        for name in ("name", "value"):
            if isinstance(choice.get(name), str) and not 1 <= len(choice[name]) <= 100:
                raise invalid_form(
                    f"data.choices.{number}.{name}", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length."
                )
    return choices
