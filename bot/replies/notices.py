"""Every sentence that the bot says itself, in one catalogue.

English is the source language and its own key, as gettext has it; a translation is a compiled catalogue
`bot/locale/<language>/LC_MESSAGES/parley.mo`. Texts are Markdown. Values that people or providers wrote go through
`code` or `sentence` first, so that they cannot break the formatting around them.
"""

from __future__ import annotations

import gettext
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from bot.domain.usage import NANO

_LOCALES = Path(__file__).parent.parent / "locale"
_MARKDOWN = re.compile(r"[\\`*_~|<>\[\]#]")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence. `text` is its English form, with its values as `{name}`."""

    text: str

    def say(self, locale: str | None = None, **values: object) -> str:
        """The sentence in the person's language (`pt-BR`), or in English where there is no translation."""
        return _translation(locale).gettext(self.text).format(**values)


@lru_cache(maxsize=64)
def _translation(locale: str | None) -> gettext.NullTranslations:
    if locale is None or not _LANGUAGE.fullmatch(locale):
        return gettext.NullTranslations()
    return gettext.translation("parley", _LOCALES, languages=[locale.replace("-", "_")], fallback=True)


def code(text: str, limit: int = 80) -> str:
    """Somebody's words as inline code: one line, at most `limit` characters."""
    line = " ".join(text.split()).replace("`", "'")
    return f"`{_cut(line, limit) or ' '}`"


def sentence(text: str, limit: int = 300) -> str:
    """A provider's own sentence: one line, at most `limit` characters, with a full stop."""
    line = _cut(" ".join(text.split()), limit)
    return line if line.endswith((".", "!", "?", "…")) else f"{line}."


def duration(seconds: float) -> str:
    """A time to wait, rounded up, in the unit that fits: `30 s`, `5 min`, `2 h`, `12 days`."""
    whole = max(1, int(-(-seconds // 1)))
    if whole <= 90:
        return f"{whole} s"
    if whole <= 90 * 60:
        return f"{-(-whole // 60)} min"
    if whole <= 48 * 3600:
        return f"{-(-whole // 3600)} h"
    return f"{-(-whole // 86400)} days"


def size(count: int) -> str:
    """A file's size in the unit that fits: `512 bytes`, `300 KB`, `20 MB`."""
    for unit, width in (("MB", 1024 * 1024), ("KB", 1024)):
        if count >= width:
            return f"{count / width:.1f}".removesuffix(".0") + f" {unit}"
    return f"{count} bytes"


def money(nano: int) -> str:
    """Nano-dollars as dollars; of less than ten cents the first two digits: `$12.30`, `$0.0021`, `$0`."""
    dollars = Decimal(nano) / NANO
    if nano >= NANO // 10 or not nano:
        return f"${dollars:,.2f}".removesuffix(".00")
    return "$" + f"{dollars:.{1 - dollars.adjusted()}f}".rstrip("0").ljust(len("0.00"), "0")


def quoted(text: str, limit: int = 1000) -> str:
    """Somebody's words as a block quote, at most `limit` characters."""
    return "\n".join(f"> {line}" for line in _cut(text.strip(), limit).splitlines())


def excerpt(text: str, limit: int = 300) -> str:
    """Somebody's words in one line, at most `limit` characters, shown as they are written."""
    return _MARKDOWN.sub(r"\\\g<0>", _cut(" ".join(text.split()), limit))


def shortened(text: str, limit: int) -> str:
    """Somebody's words in one line, at most `limit` characters."""
    return _cut(" ".join(text.split()), limit)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


# Buttons

STOP = Notice("Stop")
RETRY = Notice("Retry")
HELP = Notice("Help")
PERSONAS = Notice("Personas")
AGAIN = Notice("Again")
CHANGE = Notice("Change it")
LARGER = Notice("Larger")
CONTINUE = Notice("Continue")
REASONING = Notice("Reasoning")
PICK = Notice("Go on with this one")

# An answer that did not come, or not whole

PROVIDER_DOWN = Notice(
    "{model} cannot be reached right now. Try again in a minute, or choose another model with /model."
)
PROVIDER_DOWN_FOR = Notice(
    "{model} cannot be reached right now. Try again in {wait}, or choose another model with /model."
)
RATE_LIMITED = Notice("{model} gets too many requests right now. Try again in a minute.")
RATE_LIMITED_FOR = Notice("{model} gets too many requests right now. Try again in {wait}.")
OUT_OF_QUOTA = Notice(
    "The account behind {model} has no credit left. Tell the person who runs this bot, "
    "or choose another model with /model."
)
KEY_REFUSED = Notice(
    "The provider refused the bot's key for {model}. Tell the person who runs this bot, "
    "or choose another model with /model."
)
UNKNOWN_MODEL = Notice("Its provider has no model {model}. Choose another with /model.")
REQUEST_REFUSED = Notice("{model} refused this question. Put it another way, or choose another model with /model.")
REQUEST_REFUSED_BECAUSE = Notice("{model} refused this question. The provider says: {detail}")
PROMPT_TOO_LONG = Notice("This is too long for {model}. Send less text, or start afresh with /new.")
CONTENT_FILTERED = Notice("The provider's content filter withheld this answer. Put the question another way.")
BROKEN_STREAM = Notice("The answer from {model} broke off. Try again.")
BROKEN_STREAM_FOR = Notice(
    "{model} keeps breaking its answers off. Try again in {wait}, or choose another model with /model."
)
STALLED = Notice("{model} fell silent in the middle of its work. Try again.")
STALLED_FOR = Notice("{model} keeps falling silent. Try again in {wait}, or choose another model with /model.")
EMPTY_ANSWER = Notice("{model} had nothing to say. Try again, or put the question another way.")
CANNOT_SEE = Notice("{model} cannot look at pictures. Choose a model that can with /model.")
FORMAT_REFUSED = Notice("{model} cannot read a file of this format. Send it in another one.")
NOT_CONFIGURED = Notice("No provider is set up for {model}. Choose another model with /model.")
UNKNOWN_FAILURE = Notice(
    "Something went wrong on the bot's side. Try again; if it happens again, tell the person who runs this bot."
)
ANSWER_CUT = Notice("The answer reached the model's length limit. Press Continue to read on.")
ANSWER_STOPPED = Notice("Stopped.")
INTERRUPTED = Notice("The bot was restarted in the middle of this answer. Press Retry to answer again.")
INTERRUPTED_ALONE = Notice("The bot was restarted in the middle of this answer. Please ask again.")
GIVEN_UP = Notice("The bot broke down each time it tried to answer this, so it stopped trying. Ask in another way.")

# Budgets that run out, and moderation

OVER_BUDGET = Notice("Your budget is used up. It starts afresh in {wait}.")
OVER_CHAT_BUDGET = Notice("This chat's budget is used up. It starts afresh in {wait}.")
OVER_TOTAL_BUDGET = Notice("The bot's budget is used up. It starts afresh in {wait}.")
BUDGET_HELD = Notice(
    "The answers that are being written may use up the rest of your budget. Ask again when they are done."
)
CHAT_BUDGET_HELD = Notice(
    "The answers that are being written may use up the rest of this chat's budget. Ask again when they are done."
)
TOTAL_BUDGET_HELD = Notice(
    "The answers that are being written may use up the rest of the bot's budget. Ask again in a moment."
)
BUDGET_WARNING = Notice("{percent} % of your budget is used up. It starts afresh in {wait}.")
CHAT_BUDGET_WARNING = Notice("{percent} % of this chat's budget is used up. It starts afresh in {wait}.")
TOTAL_BUDGET_WARNING = Notice("{percent} % of the bot's budget is used up. It starts afresh in {wait}.")
QUESTION_FLAGGED = Notice("I cannot answer this: it was flagged by moderation. Put it another way.")
QUESTION_FLAGGED_AS = Notice("I cannot answer this: it was flagged by moderation ({categories}). Put it another way.")
ANSWER_FLAGGED = Notice("The answer was withheld by moderation. Put the question another way.")

# The same of models that make pictures, hear and speak, which people do not choose

WORKER_DOWN = Notice("{model} cannot be reached right now. Try again in a minute.")
WORKER_DOWN_FOR = Notice("{model} cannot be reached right now. Try again in {wait}.")
WORKER_OUT_OF_QUOTA = Notice("The account behind {model} has no credit left. Tell the person who runs this bot.")
WORKER_KEY_REFUSED = Notice("The provider refused the bot's key for {model}. Tell the person who runs this bot.")
WORKER_UNKNOWN = Notice("Its provider has no model {model}. Tell the person who runs this bot.")
WORKER_NOT_CONFIGURED = Notice("No provider is set up for {model}. Tell the person who runs this bot.")
WORKER_OVERWHELMED = Notice("This is too long for {model}. Send less.")
WORKER_BROKE_OFF = Notice("What {model} sent broke off. Try again.")
WORKER_BROKE_OFF_FOR = Notice("What {model} sends keeps breaking off. Try again in {wait}.")
WORKER_STALLED = Notice("{model} fell silent in the middle of its work. Try again.")
WORKER_STALLED_FOR = Notice("{model} keeps falling silent. Try again in {wait}.")

# At the door

BUSY = Notice("Too many messages are waiting here. Let the answers come first, or stop the running one with /stop.")
NOT_ALLOWED = Notice(
    "You are not on this bot's list. Send your id, {id}, to the person who runs the bot and ask to be let in."
)
ADMINS_ONLY = Notice("Only the bot's admins may use {command}.")

ANSWER_THIS = Notice("Answer this message with the text for {command}.")
STILL_ANSWERING = Notice("I am still answering here. Ask again when I am done, or stop the answer with /stop.")
THREAD = Notice("A question")
NOTHING_SAID = Notice("I am here. What would you like to know?")
MESSAGE_FAILED = Notice(
    "Something went wrong on the bot's side. Write it again; if that does not help, tell the person who runs this bot."
)
STUCK = Notice(
    "I got stuck on this and gave it up. Write it again; if that does not help, tell the person who runs this bot."
)
COMMAND_INTERRUPTED = Notice("The bot was restarted in the middle of this command. Give it again.")
TOO_LATE_ALONE = Notice("I was too late to answer for you alone. Please ask again.")
COMMAND_FAILED = Notice(
    "That command went wrong on the bot's side. Try again; if it happens again, tell the person who runs this bot."
)

# Files that the bot sends

ANSWER_IN_FILE = Notice("The answer is long: all of it is in this file.")
FILE_NOT_SHOWN = Notice("The file could not be sent: this chat does not take it, or it is too large.")

# Files that people send

FILE_TOO_LARGE = Notice("{name} is too large: I take files up to {limit}.")
TOO_MANY_PIXELS = Notice("{name} is too large: I take pictures up to {limit} megapixels. Send a smaller one.")
FILE_UNAVAILABLE = Notice("{name} could not be fetched. Send it again.")
FILE_UNREADABLE = Notice("{name} could not be read: it is broken, protected or empty.")
FILE_UNSUPPORTED = Notice(
    "I cannot open {name}. I take pictures, voice notes, recordings, PDFs and text files such as CSV, JSON or code."
)
VIDEO_UNSUPPORTED = Notice(
    "I cannot watch {name}. I take pictures, voice notes and documents; reply with /transcribe for what is said in it."
)
TOO_MANY_PICTURES = Notice("I looked at the first {count} pictures only.")
NO_TRANSCRIPTION = Notice(
    "I cannot listen to recordings here: the person who runs this bot has to set TRANSCRIPTION_MODEL."
)
RECORDING_REFUSED = Notice("{model} refused this recording. Send another one, or a shorter one.")
RECORDING_REFUSED_BECAUSE = Notice("{model} refused this recording. The provider says: {detail}")
NOTHING_HEARD = Notice("I could not make out any words in {name}.")
FILE_FAILED = Notice("Something went wrong on the bot's side with {name}. Send it again.")
PICTURE = Notice("the picture")
VOICE_NOTE = Notice("the voice note")
RECORDING = Notice("the recording")
VIDEO = Notice("the video")
FILE = Notice("the file")

# Making pictures

NO_IMAGES = Notice("I cannot make pictures here: the person who runs this bot has to set IMAGE_MODEL.")
PAINTING = Notice("Making a picture: {prompt}")
PAINTING_MANY = Notice("Making {count} pictures: {prompt}")
NO_PICTURE_THERE = Notice("There is no picture in that message. Use this on one with a picture.")
NO_CHANGES = Notice("{model} cannot change pictures. Describe a new one with /imagine.")
TOO_MANY_INPUTS = Notice("Those are too many pictures to change at once: {model} takes up to {limit}.")
BAD_SIZE = Notice("{model} does not make pictures of the size {typed}. It takes: {choices}.")
BAD_QUALITY = Notice("{model} does not know the quality {typed}. It takes: {choices}.")
CHANGE_WHAT = Notice("What should change in the picture? Answer this message.")
PICTURE_GONE = Notice("That picture is not stored any more. Send it again with /imagine and the change.")
PICTURE_NOT_SHOWN = Notice("The picture is made, but it could not be shown here.")
PICTURE_REFUSED = Notice("{model} refused to make this picture. Describe it another way.")
PICTURE_REFUSED_BECAUSE = Notice("{model} refused to make this picture. The provider says: {detail}")
NO_PICTURE = Notice("{model} sent no picture. Press Retry, or describe it another way.")

# Speech

NO_SPEECH = Notice("I cannot speak here: the person who runs this bot has to set SPEECH_MODEL.")
NOTHING_TO_SAY = Notice("Say what I should speak: {usage}, or reply to a message with /speak.")
SPEECH_NOT_SHOWN = Notice("This chat takes neither voice notes nor sound files.")
SPEECH_CUT = Notice("The text is long: I speak its beginning.")
SPEECH_REFUSED = Notice("{model} could not speak this. Try another text, or another voice with /voice.")
VOICE_ON = Notice("I answer voice notes with my voice too: {voice}. The text comes along.")
VOICE_OFF = Notice("I answer voice notes in writing.")
VOICE_HOW = Notice("{on} and {off} switch it, {name} chooses a voice.")
VOICE_USUAL = Notice("the usual voice")
NOTHING_TO_TRANSCRIBE = Notice("Reply to a voice note or a recording with /transcribe, or send one along with it.")
TRANSCRIPT_FILE = Notice("The text is long, so here it is as a file.")

# Commands: reading them

UNKNOWN_COMMAND = Notice("There is no command {typed}. /help lists them all.")
UNKNOWN_COMMAND_CLOSE = Notice("There is no command {typed}. Did you mean {closest}?")
UNKNOWN_SUBCOMMAND = Notice("{command} cannot {typed}. It takes: {choices}.")
UNKNOWN_SUBCOMMAND_CLOSE = Notice("{command} cannot {typed}. Did you mean {closest}?")
MISSING_SUBCOMMAND = Notice("Say what {command} should do: {choices}.")
MISSING_OPTION = Notice("{option} is missing.\nUsage: {usage}")
UNKNOWN_OPTION = Notice("{command} has no option {option}.\nUsage: {usage}")
REPEATED_OPTION = Notice("{option} is given twice.\nUsage: {usage}")
TOO_MANY_WORDS = Notice("{typed} is one thing too many.\nUsage: {usage}")
OPEN_QUOTE = Notice("A quotation mark is not closed.\nUsage: {usage}")
NOT_INTEGER = Notice("{option} must be a whole number, not {typed}.\nUsage: {usage}")
NOT_NUMBER = Notice("{option} must be a number, not {typed}.\nUsage: {usage}")
NOT_BOOLEAN = Notice("{option} must be on or off, not {typed}.\nUsage: {usage}")
NOT_TEXT = Notice("{option} must be a text, not {typed}.\nUsage: {usage}")
NOT_A_CHOICE = Notice("{option} must be one of {choices}, not {typed}.\nUsage: {usage}")
OUT_OF_RANGE = Notice("{option} must be from {minimum} to {maximum}, not {typed}.\nUsage: {usage}")
TOO_LOW = Notice("{option} must be at least {minimum}, not {typed}.\nUsage: {usage}")
TOO_HIGH = Notice("{option} must be at most {maximum}, not {typed}.\nUsage: {usage}")

# Help

GREETING = Notice("Hello {name}, I am Parley. Write to me and I answer with a language model, here in this chat.")
GREETING_GROUP = Notice("In a group I answer when you mention me, reply to me or use a command.")
GREETING_SETUP = Notice("Right now I am the persona {persona} on {model}.")
GREETING_MORE = Notice("/persona changes who I am, /new starts a new conversation, /help shows everything I can do.")
HELP_TITLE = Notice("Write to me and I answer. I remember this conversation until you start a new one.")
HELP_MORE = Notice("{command} tells more about one command.")
HELP_EXAMPLE = Notice("for example {example}")
HELP_EXAMPLES = Notice("Example: {example}")
HELP_OPTIONAL = Notice("optional")
HELP_ONE_OF = Notice("one of {choices}")
SECTION_TALK = Notice("Talk")
SECTION_PERSONA = Notice("Personas")
SECTION_MODEL = Notice("Models")
SECTION_MEDIA = Notice("Images and speech")
SECTION_DATA = Notice("Your data")
SECTION_ADMIN = Notice("For admins")

# Conversations

NEW_CONVERSATION = Notice("New conversation. Persona and settings stay.")
STOPPED = Notice("Stopped.")
NOTHING_TO_STOP = Notice("Nothing is running here that could be stopped.")
COMPARE_HOW_MANY = Notice(
    "Name 2 to {most} personas or models: {personas} or {models}. In a list they are separated by commas."
)
COMPARE_EITHER = Notice("Compare personas or models, not both at once: {personas} or {models}.")
NO_SUCH_VERSION = Notice("That version is not stored any more.")
ANSWER_GONE = Notice("That answer is not stored any more, or is part of a conversation other than yours here.")
NO_WORDS = Notice("This version has no words.")
PICTURES_ALONE = Notice("This version is pictures alone, in messages of their own.")
PICKED = Notice("From here on the answer of {who} counts.")
NO_REASONING = Notice("Nothing is stored of what the model thought here.")
NOTHING_TO_RETRY = Notice("There is no question yet that I could answer again. Just write one.")

# Personas

PERSONA_CURRENT = Notice("{name} answers here.")
PERSONA_HOW = Notice("Change it with {use}, write your own with {create}, go back with {reset}.")
PERSONA_CHOOSE = Notice("Who should answer here? Choose one, or send {use} with a name. Two can be combined: {both}.")
PERSONA_USED = Notice("From now on {name} answers here.")
PERSONA_RESET = Notice("Back to {name}.")
PERSONA_UNKNOWN = Notice("There is no persona {name}. /persona list shows them all.")
PERSONA_UNKNOWN_CLOSE = Notice("There is no persona {name}. Did you mean {closest}?")
PERSONA_LIST = Notice("Personas you can use here:")
PERSONA_IN_USE = Notice("in use")
PERSONA_OWN = Notice("written here")
PERSONA_CREATED = Notice("Persona {name} is ready. Use it with {use}.")
PERSONA_EDITED = Notice("Persona {name} is changed.")
PERSONA_DELETED = Notice("Persona {name} is deleted.")
PERSONA_EXISTS = Notice("There is a persona {name} here already. Change it with {edit}, or choose another name.")
PERSONA_BUILT_IN = Notice("{name} comes with the bot and cannot be changed. Write your own under another name.")
PERSONA_TAKEN = Notice("{name} is the name of a persona that comes with the bot. Choose another name.")
PERSONA_NOT_YOURS = Notice("Only the person who wrote {name}, or an admin, can change it.")
PERSONA_BAD_NAME = Notice("{name} cannot be a name: use one word of at most 32 letters, digits, - or _.")
PERSONA_BAD_PROMPT = Notice("The prompt must have 1 to {maximum} characters; this one has {length}.")
PERSONA_BAD_DESCRIPTION = Notice("The description must have at most {maximum} characters; this one has {length}.")
PERSONA_TOO_MANY = Notice("There are {maximum} personas here already. Delete one first with {delete}.")

# Models

MODEL_CURRENT = Notice("{model} answers here.")
MODEL_HOW = Notice("Change it with {set}, go back with {reset}.")
MODEL_SET = Notice("From now on {model} answers here.")
MODEL_UNCHECKED = Notice(
    "From now on {model} answers here. Its provider did not send its list just now, so the name is not checked."
)
MODEL_RESET = Notice("Back to {model}.")
MODEL_UNKNOWN = Notice("There is no model {model} here. A name looks like {example}.")
MODEL_UNKNOWN_CLOSE = Notice("There is no model {model} here. Did you mean {closest}?")

# Access, pace and the first admin

TOO_FAST = Notice("You are writing faster than I may answer. Try again in {wait}.")
TOO_MANY_AT_ONCE = Notice(
    "I am still writing for you elsewhere, and {count} at once is the most. Let one end first, or stop it with /stop."
)
CLAIM_GRANTED = Notice(
    "You are an admin of this bot now. {allow} lets others in, and {help} shows what else you can do."
)
CLAIM_WRONG = Notice("That is not the code. It stands in the bot's log, where the bot was started.")
CLAIM_WAIT = Notice("Those were too many wrong codes. Try again in an hour.")
CLAIM_CLOSED = Notice("There is nothing to claim: the bot has an admin, or has to be started again for a new code.")
CLAIM_PRIVATELY = Notice("Do this in a private chat with me, where nobody else reads the code.")

# Rules

RULE_ALLOWED = Notice("{subject} may use the bot from now on.")
RULE_DENIED = Notice("{subject} may not use the bot from now on.")
RULE_REMOVED = Notice("The rule for {subject} is gone. The settings decide again.")
RULE_MISSING = Notice("There is no rule for {subject}. {list} shows them all.")
RULE_IN_SETTINGS = Notice(
    "There is no rule for {subject}: it stands in the bot's settings. Take it out there, or use {deny}."
)
RULE_FOR_ADMIN = Notice("{subject} is an admin and cannot be kept out.")
RULE_FOR_YOURSELF = Notice("You cannot take your own rights away. Another admin can.")
RULE_WHO = Notice(
    "I do not know who {typed} is. Use an id such as {example}, {chat} for this chat, or on Discord a mention "
    "or {server}."
)
RULE_NAME = Notice("Telegram does not tell me the id behind {typed}. Let them write to me: I answer with their id.")
RULES_NONE = Notice("There are no rules yet. {allow} lets a person or a chat in, {deny} keeps one out.")
RULES_LIST = Notice("Rules:")
RULES_SETTINGS = Notice("In the bot's settings:")
RULE_LINE_ALLOW = Notice("{subject} is allowed")
RULE_LINE_DENY = Notice("{subject} is denied")
RULE_LINE_ADMIN = Notice("{subject} is an admin")
RULE_EVERYBODY = Notice("everybody is allowed")
RULE_BY = Notice("by {by}, {day}")
REMOVE = Notice("Remove {what}")

# Budgets

BUDGET_WHO = Notice(
    "I do not know whose budget {typed} is. Use {everyone}, {total}, {chats}, {chat} for this chat, "
    "or a person's id such as {example}."
)
BUDGET_AMOUNT = Notice("{typed} is no amount. Use one such as {tokens}, {dollars}, or {none} to take a budget away.")
BUDGET_UNITS = Notice("{typed} is an amount of dollars, not of tokens.")
BUDGET_SET = Notice("{whose}: at most {amount} {period}.")
BUDGET_REMOVED = Notice("{whose}: no budget any more.")
BUDGET_REMOVED_SETTINGS = Notice("{whose}: what was set here is gone. The bot's settings still say {amount} {period}.")
BUDGET_MISSING = Notice("{whose}: there is no budget that was set here.")
BUDGET_ONLY_SETTINGS = Notice("{whose}: the budget of {amount} {period} stands in the bot's settings. Change it there.")
BUDGETS_NONE = Notice("There are no budgets. Set one, for example {tokens} or {dollars}.")
BUDGETS_LIST = Notice("Budgets (days and months begin at midnight UTC):")
BUDGET_LINE = Notice("{whose}: {amount} {period}")
BUDGET_LINE_SPENT = Notice("{whose}: {amount} {period}, {spent} spent")
EACH_PERSON = Notice("Each person")
EACH_CHAT = Notice("Each chat")
ALL_TOGETHER = Notice("All together")
ONE_PERSON = Notice("Person {name}")
ONE_CHAT = Notice("Chat {name}")
PER_DAY = Notice("a day")
PER_MONTH = Notice("a month")
TOKENS = Notice("{count} tokens")

# What is used

USAGE_TITLE = Notice("Your usage")
USAGE_ALL = Notice("All together")
USAGE_TODAY = Notice("Today: {spent}")
USAGE_MONTH = Notice("This month: {spent}")
USAGE_NOTHING = Notice("nothing")
USAGE_UNPRICED_ONE = Notice("the price of one call is not known")
USAGE_UNPRICED = Notice("the price of {count} calls is not known")
USAGE_LEFT = Notice("{whose}: {left} of {amount} left, afresh in {wait}")
YOUR_BUDGET = Notice("Your budget")
CHAT_BUDGET = Notice("This chat's budget")
BOT_BUDGET = Notice("The bot's budget")
USAGE_CHART = Notice("Tokens a day in the last {days} days, at most {most}:")
USAGE_TABLE = Notice("This month: {group}")
USAGE_EMPTY = Notice("Nothing was used this month.")
BY_PERSON = Notice("by person")
BY_CHAT = Notice("by chat")
BY_MODEL = Notice("by model")
BY_PROVIDER = Notice("by provider")
COLUMN_CALLS = Notice("calls")
COLUMN_TOKENS = Notice("tokens")
COLUMN_COST = Notice("cost")

# The bot's state

STATUS_VERSION = Notice("Parley {version}, up for {uptime}")
STATUS_PLATFORMS = Notice("Platforms: {names}")
STATUS_DATABASE = Notice("Database: {kind}")
STATUS_MODELS = Notice("Models: {names}")
STATUS_WORK = Notice("Answers being written: {running}, waiting: {waiting}")
STATUS_RULES = Notice("Admins: {admins}, rules: {rules}, budgets: {budgets}")
STATUS_TODAY = Notice("Model calls today: {calls} ({spent})")

# Sampling

PRESET_NOW = Notice("The preset here is {preset}.")
PRESET_NONE = Notice("No preset is set here: each model uses its own values.")
PRESET_CHOOSE = Notice("Choose one, or send {set}. One value alone is changed with {one}.")
PRESET_SET = Notice("From now on the preset here is {preset}.")
PRESET_BACK = Notice("The preset is taken back.")
PRESET_CREATIVE = Notice("lively and surprising")
PRESET_TECHNICAL = Notice("dry and exact")
PRESET_CONVERSATIONAL = Notice("relaxed, with few repetitions")
PRESET_FACTUAL = Notice("the most likely words, hardly any surprise")
PRESET_BRAINSTORM = Notice("wild, for many ideas")
PRESET_SUMMARY = Notice("compact and even")
PRESET_DEFAULT = Notice("what the persona brings along, else the model's own values")
PARAMETERS_NOW = Notice("How answers are made here:")
PARAMETERS_HOW = Notice("Change one with {set}, go back with {reset}. {presets} sets several at once.")
PARAMETER_SINGLE = Notice("{parameter}: {value} (set by itself)")
PARAMETER_OF_PRESET = Notice("{parameter}: {value} (preset {preset})")
PARAMETER_FREE = Notice("{parameter}: the model's own")
PARAMETER_SET = Notice("From now on {parameter} is {value} here.")
PARAMETER_BACK = Notice("Taken back. {state}.")
PARAMETER_RANGE = Notice("{parameter} must be a number from {minimum} to {maximum}, not {typed}.")
PARAMETER_WHOLE = Notice("{parameter} must be a whole number from {minimum} to {maximum}, not {typed}.")
PARAMETER_STOPS = Notice(
    "{parameter} takes up to {count} texts with | between them, each of at most {length} characters, not {typed}."
)
PARAMETER_TAKES = Notice("It takes a number from {minimum} to {maximum}: {example}.")
PARAMETER_TAKES_STOPS = Notice("It takes up to {count} texts at which an answer ends: {example}.")
SAMPLING_REFUSED = Notice("{model} takes no {parameter}; it is kept for other models.")
PRESET_REFUSED = Notice("{model} takes no temperature and the like; the preset is kept for other models.")
MOST_OUTPUT = Notice("{model} writes at most {maximum} tokens, whatever is set here.")

# Settings

SETTINGS_CHAT = Notice("Settings of this chat")
SETTINGS_THREAD = Notice("Settings of this thread")
SETTINGS_HOW = Notice("Press what you want to change, or send its name, for example {usage}.")
SETTINGS_OR = Notice("Choose, or send {usage}.")
SETTINGS_BACK = Notice("Back")
SETTING_BAD = Notice("{setting} cannot be {typed}.")

PERSONA = Notice("Persona")
MODEL = Notice("Model")
PRESET = Notice("Preset")
SCOPE = Notice("Conversations")
REPLY = Notice("When I answer")
BUSY_POLICY = Notice("While I answer")
SHOW_REASONING = Notice("Reasoning")
VOICE = Notice("Voice")
NO_PRESET = Notice("the model's own values")

ASK_PERSONA = Notice("Who should answer here?")
ASK_MODEL = Notice("Which model should answer here?")
ASK_PRESET = Notice("How should answers be written?")
ASK_SCOPE = Notice("Who shares a conversation with me?")
ASK_REPLY = Notice("When should I answer?")
ASK_BUSY = Notice("What should I do with a question that comes while I am writing an answer?")
ASK_REASONING = Notice("Some models think before they answer. Should I show what they thought?")
ASK_VOICE = Notice("Should I answer voice notes with my voice?")
ASK_WORD = Notice("Which word should call me? Send it with {usage}.")
WRITE_MODEL = Notice("Another model")
WRITE_VOICE = Notice("Another voice")
WRITE_WORD = Notice("The wake word")

SCOPE_THREAD = Notice("one for each thread")
SCOPE_THREAD_MEANS = Notice("every thread or topic has its own, and so has the chat outside of them")
SCOPE_SHARED = Notice("one for all threads")
SCOPE_SHARED_MEANS = Notice("what is said in one thread or topic is known in all of them")
SCOPE_PERSON = Notice("one for each person")
SCOPE_PERSON_MEANS = Notice("everybody has their own, and what others asked me is no part of it")
REPLY_MENTION = Notice("when mentioned")
REPLY_MENTION_MEANS = Notice("I answer who mentions me, replies to me or uses a command")
REPLY_ALWAYS = Notice("every message")
REPLY_ALWAYS_MEANS = Notice("I answer all that is written here")
REPLY_WORD = Notice("at a wake word")
REPLY_WORD_MEANS = Notice("I also answer every message with a word that you choose")
REPLY_WORD_NOW = Notice("when mentioned, and at the word {word}")
REPLY_THREAD = Notice("in threads")
REPLY_THREAD_MEANS = Notice("when mentioned; I open a thread for each question, and there I need no mention")
REPLY_PRIVATE = Notice("In a private chat I answer every message.")
SCOPE_PRIVATE = Notice("In a private chat there is nobody but you.")
BUSY_QUEUE = Notice("questions wait")
BUSY_QUEUE_MEANS = Notice("I answer one after the other")
BUSY_INTERRUPT = Notice("a question interrupts")
BUSY_INTERRUPT_MEANS = Notice("I stop, keep what is there, and turn to the new question")
BUSY_MERGE = Notice("questions are merged")
BUSY_MERGE_MEANS = Notice("what one person writes meanwhile is answered as one question")
BUSY_REJECT = Notice("questions are refused")
BUSY_REJECT_MEANS = Notice("I take the next one when the answer is there")
REASONING_OFF = Notice("hidden")
REASONING_OFF_MEANS = Notice("you see the answer alone")
REASONING_ON = Notice("shown")
REASONING_ON_MEANS = Notice("you can unfold it above the answer, or open it with a button")
VOICE_ANSWER_OFF = Notice("in writing")
VOICE_ANSWER_OFF_MEANS = Notice("voice notes are answered in writing")
VOICE_ANSWER_ON = Notice("spoken too")
VOICE_ANSWER_ON_MEANS = Notice("voice notes are answered in writing and with my voice")
NO_THREADS_HERE = Notice("I cannot open threads here: that works in the channels of a Discord server.")
BAD_WORD = Notice("{typed} cannot be a wake word: use one to three words of letters and digits, at most 32 characters.")
TELEGRAM_SEES = Notice(
    "On Telegram I see such messages only when I am an admin of the group, or when privacy mode is off: the person who "
    "runs this bot sends /setprivacy to @BotFather and then adds me to the group again."
)
DISCORD_SEES = Notice(
    "On Discord I can read such messages only with the Message Content intent, which the person who runs this bot "
    "switches on in the developer portal."
)

# Personas that are written in a form

WRITE_PROMPT = Notice("Write the prompt")
PERSONA_ASK_PROMPT = Notice("Who is {name}, and how does it answer? Press the button, or send {usage}.")
# What is stored

EXPORT_TITLE = Notice("Conversation of {date}")
EXPORTED = Notice("Here is this conversation as a file.")
EXPORT_CUT = Notice("It is long: files may have {limit} here, so the {count} oldest questions are left out.")
EXPORT_EMPTY = Notice("There is nothing to export yet. Write something first.")
EXPORT_UNANSWERED = Notice("There is no answer yet that a model could learn from. {markdown} holds everything.")
EXPORT_TOO_LARGE = Notice("Even the newest answer is larger than the {limit} that a file may have here.")
FORGET_ME = Notice(
    "This deletes for good, in every chat: what you asked me, my answers to it with their pictures, your settings, and "
    "the personas that you wrote. What was used is still counted, without your name."
)
FORGET_ME_IN_GROUP = Notice("What others wrote stays. In a private chat with me, the whole chat goes.")
FORGET_ME_IN_PRIVATE = Notice("This whole chat goes too, with its settings.")
FORGET_CHAT = Notice(
    "This deletes for good: everything that anybody asked me here and in this chat's threads, my answers with their "
    "pictures, and the settings and personas of this chat. What was used is still counted, without the chat's name."
)
FORGET_SURE = Notice("Press the button if you want that, or send {command}.")
FORGET_DELETE = Notice("Delete")
FORGET_NOT_YOURS = Notice("This button is for the person who asked for it. Send {command} yourself.")
FORGOTTEN_ME = Notice("I have forgotten you. Messages deleted: {count}.")
FORGOTTEN_CHAT = Notice("I have forgotten this chat. Messages deleted: {count}.")
