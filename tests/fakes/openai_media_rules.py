"""The rules that the fake OpenAI-compatible server enforces for pictures, transcription, speech and moderation.

Sources: platform.openai.com/docs/api-reference (images, audio, moderations) and its guides on image generation and
speech to text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tests.fakes.openai_media_files import picture_kind, sound_kind
from tests.fakes.openai_media_script import MediaCall
from tests.fakes.openai_rules import Capability, FakeModel, Refused
from tests.fakes.openai_wire import Upload

_GENERATE = frozenset(
    {
        "background", "complexity", "model", "moderation", "n", "output_compression", "output_format", "partial_images",
        "prompt", "quality", "response_format", "safety_identifier", "size", "stream", "style", "user",
    }
)  # fmt: skip
PARAMETERS: Mapping[MediaCall, frozenset[str]] = {
    "images/generations": _GENERATE,
    "images/edits": (_GENERATE - {"style"}) | {"input_fidelity"},
    "audio/transcriptions": frozenset(
        {
            "chunking_strategy", "include", "keywords", "language", "languages", "model", "prompt", "response_format",
            "stream", "temperature", "timestamp_granularities",
        }
    ),
    "audio/speech": frozenset({"input", "instructions", "model", "response_format", "speed", "stream_format", "voice"}),
    "moderations": frozenset({"input", "model"}),
}  # fmt: skip

CAPABILITIES: Mapping[MediaCall, Capability] = {
    "images/generations": "image",
    "images/edits": "image",
    "audio/transcriptions": "transcription",
    "audio/speech": "speech",
    "moderations": "moderation",
}

_MIB = 1024 * 1024
MOST_INPUTS = 16
INPUT_BYTES = 50 * _MIB
SOUND_BYTES = 25 * _MIB
SPEECH_CHARACTERS = 4096
PROMPT_CHARACTERS = 32_000

QUALITIES = ("low", "medium", "high", "auto")
OLD_SIZES = ("1024x1024", "1792x1024", "1024x1792")
OLD_QUALITIES = ("standard", "hd", "auto")
SOUND_NAMES = ("flac", "mp3", "mp4", "mpeg", "mpga", "m4a", "ogg", "wav", "webm")
VOICES = (
    "alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer", "verse",
)  # fmt: skip
SPEECH_FORMATS = ("mp3", "opus", "aac", "flac", "wav", "pcm")

# Which bytes an ending of the name announces.
_ANNOUNCED = {"mpeg": "mp3", "mpga": "mp3", "m4a": "mp4"}
_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")


def check_media(call: MediaCall, fields: Mapping[str, Any], files: Sequence[Upload], model: FakeModel) -> None:
    for name in fields:
        if name not in PARAMETERS[call] or name in _unknown_to(model):
            raise Refused(400, f"Unknown parameter: '{name}'.", "unknown_parameter", name)
    for name in model.refuses:
        if fields.get(name) is not None:
            message = f"Unsupported parameter: '{name}' is not supported with this model."
            raise Refused(400, message, "unsupported_parameter", name)
    match call:
        case "images/generations":
            _check_picture(fields, model)
        case "images/edits":
            _check_inputs(files)
            _check_picture(fields, model)
        case "audio/transcriptions":
            _check_sound(files)
            _check_transcription(fields, model)
        case "audio/speech":
            _check_speech(fields, model)
        case "moderations":
            _check_moderated(fields.get("input"))


def _unknown_to(model: FakeModel) -> Collection[str]:
    """GPT image models always answer in base64 and know no style."""
    return ("response_format", "style") if model.name.startswith("gpt-image") else ()


def _check_picture(fields: Mapping[str, Any], model: FakeModel) -> None:
    prompt = fields.get("prompt")
    if not isinstance(prompt, str) or not prompt:
        raise Refused(400, "Missing required parameter: 'prompt'.", "missing_required_parameter", "prompt")
    if len(prompt) > PROMPT_CHARACTERS:
        message = f"Invalid 'prompt': string too long. Expected a string with maximum length {PROMPT_CHARACTERS}."
        raise Refused(400, message, "string_above_max_length", "prompt")
    _check_number(fields, "n", 1, 10)
    _check_number(fields, "partial_images", 0, 3)
    modern = model.name.startswith("gpt-image")
    _check_choice(fields, "quality", QUALITIES if modern else OLD_QUALITIES)
    _check_choice(fields, "output_format", ("png", "webp", "jpeg"))
    _check_choice(fields, "response_format", ("url", "b64_json"))
    if modern:
        check_size(fields.get("size"))
    else:
        _check_choice(fields, "size", OLD_SIZES)


def check_size(size: object) -> None:
    """auto, or WIDTHxHEIGHT: both divisible by 16, from 1:3 to 3:1, at most 3840 a side and as much as 3840x2160."""
    if size is None or size == "auto":
        return
    found = _SIZE.fullmatch(size) if isinstance(size, str) else None
    if found is not None:
        short, long = sorted(int(number) for number in found.groups())
        steps = short > 0 and short % 16 == 0 and long % 16 == 0
        if steps and long <= min(3840, 3 * short) and short * long <= 3840 * 2160:
            return
    raise Refused(400, f"Invalid size '{size}'.", "invalid_value", "size")


def _check_inputs(files: Sequence[Upload]) -> None:
    pictures = [file for file in files if file.part in ("image", "image[]")]
    if not pictures:
        raise Refused(400, "Missing required parameter: 'image'.", "missing_required_parameter", "image")
    if len(pictures) > MOST_INPUTS:
        message = f"Invalid 'image': array too long. Expected an array with maximum length {MOST_INPUTS}."
        raise Refused(400, message, "array_above_max_length", "image")
    for index, file in enumerate(pictures, 1):
        if file.mime not in ("image/png", "image/jpeg", "image/webp"):
            message = f"Invalid file 'image': unsupported mimetype ('{file.mime}'). Supported file formats are "
            supported = "'image/jpeg', 'image/png', and 'image/webp'."
            raise Refused(400, message + supported, "unsupported_file_mimetype", "image")
        if len(file.data) >= INPUT_BYTES:
            raise Refused(400, "Invalid image: the file is too large, it must be less than 50 MB.", None, "image")
        if picture_kind(file.data) is None:
            message = f"Invalid image file or mode for image {index}, please check your image file."
            raise Refused(400, message, "invalid_image_file", "image")


def _check_sound(files: Sequence[Upload]) -> None:
    file = next((file for file in files if file.part == "file"), None)
    if file is None:
        raise Refused(400, "Missing required parameter: 'file'.", "missing_required_parameter", "file")
    if len(file.data) > SOUND_BYTES:
        raise Refused(413, f"Maximum content size limit ({SOUND_BYTES}) exceeded ({len(file.data)} bytes read)")
    supported = f"Supported formats: {list(SOUND_NAMES)}"
    _, dot, ending = file.name.lower().rpartition(".")
    if not dot:
        raise Refused(400, f"Unrecognized file format. {supported}", None, "file")
    if ending not in SOUND_NAMES:
        raise Refused(400, f"Unsupported file format {ending}. {supported}", "unsupported_value", "file")
    if not file.data:
        raise Refused(400, "The audio file is empty.", "invalid_value", "file")
    if sound_kind(file.data) != _ANNOUNCED.get(ending, ending):
        raise Refused(400, "Audio file might be corrupted or unsupported", "invalid_value", "file")


def _check_transcription(fields: Mapping[str, Any], model: FakeModel) -> None:
    language = fields.get("language")
    if language is not None and not re.fullmatch(r"[a-z]{2,3}", str(language)):
        message = f"Invalid language '{language}'. Language parameter must be specified in ISO-639-1 format."
        raise Refused(400, message, "invalid_language_format", "language")
    modern = "gpt" in model.name
    _check_choice(fields, "response_format", ("json", "text") if modern else ("json", "text", "srt", "vtt"))


def _check_speech(fields: Mapping[str, Any], model: FakeModel) -> None:
    text = fields.get("input")
    if not isinstance(text, str) or not text:
        raise Refused(400, "Invalid 'input': string too short. Expected at least 1 character.", None, "input")
    if len(text) > SPEECH_CHARACTERS:
        message = f"Invalid 'input': string too long. Expected a string with maximum length {SPEECH_CHARACTERS}."
        raise Refused(400, message, "string_above_max_length", "input")
    if fields.get("voice") is None:
        raise Refused(400, "Missing required parameter: 'voice'.", "missing_required_parameter", "voice")
    _check_choice(fields, "voice", VOICES)
    _check_choice(fields, "response_format", model.formats or SPEECH_FORMATS)


def _check_moderated(given: object) -> None:
    texts = given if isinstance(given, list) else [given]
    if not texts:
        raise Refused(400, "Invalid 'input': empty array.", "empty_array", "input")
    if not all(isinstance(text, str) for text in texts):
        raise Refused(400, "Invalid type for 'input'.", "invalid_type", "input")


def _check_choice(fields: Mapping[str, Any], name: str, choices: Collection[str]) -> None:
    value = fields.get(name)
    if value is not None and value not in choices:
        known = ", ".join(f"'{choice}'" for choice in choices)
        raise Refused(400, f"Invalid value: '{value}'. Supported values are: {known}.", "invalid_value", name)


def _check_number(fields: Mapping[str, Any], name: str, low: int, high: int) -> None:
    """Fields of a form are texts."""
    value = fields.get(name)
    if value is None:
        return
    number = int(value) if isinstance(value, str) and value.isdigit() else value
    if not isinstance(number, int) or not low <= number <= high:
        raise Refused(400, f"Invalid '{name}': expected an integer from {low} to {high}.", "invalid_value", name)
