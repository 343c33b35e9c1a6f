"""How the fake provider answers chat requests that kept the rules."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from tests.fakes.openai_rules import prompt_tokens
from tests.fakes.openai_script import Frames, Script
from tests.fakes.openai_wire import Seen, cut, until_due


async def stream_answer(
    request: web.Request, seen: Seen, script: Script, model: str, answer_id: str, *, record: bool
) -> web.StreamResponse:
    """`record`: the time and size of each piece go to `seen`."""
    response = web.StreamResponse(headers={"Content-Type": script.content_type or "text/event-stream"})
    response.headers.update(script.headers)
    await response.prepare(request)
    usage_asked = bool((seen["body"].get("stream_options") or {}).get("include_usage"))
    frames = Frames(script, answer_id, model, usage_asked)
    if await _pieces(request, response, script, frames, seen["emissions"] if record else None):
        for index, (name, arguments) in enumerate(script.calls):
            await _write(response, frames.call(index, call_id(answer_id, index), name, arguments), script.tiny_writes)
        usage = script.usage or _usage(script, prompt_tokens(seen["body"]))
        tail = frames.finish(usage) if script.finish_reason is not None else b""
        if script.usage_at == "final" or (script.usage_at == "asked" and usage_asked):
            tail += frames.usage(usage)
        if script.done:
            tail += frames.done()
        await _write(response, tail, script.tiny_writes)
    await response.write_eof()
    return response


async def _pieces(
    request: web.Request,
    response: web.StreamResponse,
    script: Script,
    frames: Frames,
    emissions: list[tuple[float, int]] | None,
) -> bool:
    """Write the pieces; False when the script ends the body early."""
    loop = asyncio.get_running_loop()
    due = loop.time() + script.first_delay
    await _write(response, frames.role(), script.tiny_writes)
    for thought in script.reasoning:
        due = await until_due(due, script.pace)
        await _write(response, frames.reasoning(thought), script.tiny_writes)
    steps: list[str | None] = [*script.pieces, None]
    for index, text in enumerate(steps):
        if script.cut_after == index:
            await cut(request, response)
        if script.stall_after == index:
            await asyncio.Event().wait()
        if script.end_after == index:
            return False
        if index in script.insert:
            await _write(response, script.insert[index], script.tiny_writes)
        if text is not None:
            due = await until_due(due, script.pace)
            await _write(response, frames.piece(text), script.tiny_writes)
            if emissions is not None:
                emissions.append((loop.time(), len(text)))
    return True


async def _write(response: web.StreamResponse, data: bytes, tiny: bool) -> None:
    if not tiny:
        await response.write(data)
        return
    for start in range(0, len(data), 3):
        await response.write(data[start : start + 3])
        await asyncio.sleep(0)


def completion(script: Script, model: str, answer_id: str, prompt: int) -> dict[str, Any]:
    """The answer to a request that asks for no stream."""
    message: dict[str, Any] = {"role": "assistant", "content": script.text or None, "refusal": None}
    if script.calls:
        message["tool_calls"] = [
            {"id": call_id(answer_id, index), "type": "function", "function": {"name": name, "arguments": arguments}}
            for index, (name, arguments) in enumerate(script.calls)
        ]
    return {
        "id": answer_id,
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": script.reason}],
        "usage": script.usage or _usage(script, prompt),
    }


def call_id(answer_id: str, index: int) -> str:
    return f"call_{answer_id.rpartition('-')[2]}_{index}"


def _usage(script: Script, prompt: int) -> dict[str, int]:
    written = max(1, len(script.text.encode()) // 4)
    return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}
