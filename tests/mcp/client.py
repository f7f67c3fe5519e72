"""A client of the agent's MCP server, made of the official Python SDK.

client.py URL TOKEN reads {"calls", "quick", "endless"} as JSON: each call ({"name", "arguments"}) is made with progress
asked for; "quick" also runs as a task, "endless" is cancelled as a task and as a request ("quick": null leaves that out).
What happened is printed as one JSON object.
"""

import asyncio
import json
import sys

import httpx
from mcp import ClientSession, types
from mcp.client.streamable_http import streamable_http_client


def payload(result):
    (content,) = result.content
    return {
        "isError": result.isError,
        "structured": result.structuredContent,
        "payload": json.loads(content.text),
    }


async def within(url, token, work):
    headers = {"Authorization": f"Bearer {token}", "X-User-Id": "python-sdk"}
    told = []

    async def hear(message):
        if isinstance(message, types.ServerNotification):
            told.append(message.root.method)

    async with httpx.AsyncClient(headers=headers, timeout=httpx.Timeout(30, read=300)) as http:
        async with streamable_http_client(url, http_client=http) as (read, write, session_id):
            async with ClientSession(read, write, message_handler=hear) as session:
                return await work(session, session_id, told)


async def everything(session, session_id, told):
    server = await session.initialize()
    seen = {
        "server": server.serverInfo.name,
        "protocol": server.protocolVersion,
        "session": session_id(),
        "hasTasks": server.capabilities.tasks is not None,
    }
    tools = (await session.list_tools()).tools
    seen["tools"] = {tool.name: tool.model_dump(mode="json", exclude_none=True) for tool in tools}
    await session.send_ping()
    await session.set_logging_level("info")
    seen["resources"] = len((await session.list_resources()).resources)
    seen["prompts"] = len((await session.list_prompts()).prompts)

    request = json.load(sys.stdin)
    seen["calls"] = {}
    for call in request["calls"]:
        progress = []

        async def hear(done, total, message, progress=progress):
            progress.append(done)

        result = await session.call_tool(call["name"], call["arguments"], progress_callback=hear)
        seen["calls"][call["name"]] = {**payload(result), "progress": progress}

    try:
        await session.call_tool("nothing", {})
    except Exception as why:
        seen["unknown"] = str(why)

    if not request["quick"]:
        return seen

    # As a task.
    quick, endless = request["quick"], request["endless"]
    tasks = session.experimental
    task = (await tasks.call_tool_as_task(quick["name"], quick["arguments"])).task
    async for status in tasks.poll_task(task.taskId):
        seen["taskStatus"] = status.status
    seen["task"] = payload(await tasks.get_task_result(task.taskId, types.CallToolResult))
    task = (await tasks.call_tool_as_task(endless["name"], endless["arguments"])).task
    seen["listed"] = task.taskId in [one.taskId for one in (await tasks.list_tasks()).tasks]
    seen["cancelledTask"] = (await tasks.cancel_task(task.taskId)).status
    seen["cancelledResult"] = payload(await tasks.get_task_result(task.taskId, types.CallToolResult))

    # As a request that is cancelled once it has shown something.
    begun = asyncio.Event()

    async def hear(done, total, message):
        begun.set()

    number = session._request_id
    call = asyncio.ensure_future(
        session.call_tool(endless["name"], endless["arguments"], progress_callback=hear)
    )
    await asyncio.wait_for(begun.wait(), 30)
    cancelled = types.CancelledNotification(
        params=types.CancelledNotificationParams(requestId=number, reason="enough")
    )
    await session.send_notification(types.ClientNotification(cancelled))
    await session.call_tool("version", {})
    seen["answeredAfterCancel"] = call.done() and not call.cancelled() and call.exception() is None
    call.cancel()
    seen["told"] = sorted(set(told))
    return seen


async def refused(session, session_id, told):
    await session.initialize()
    return "let in"


def innermost(why):
    while isinstance(why, BaseExceptionGroup):
        why = why.exceptions[0]
    return f"{type(why).__name__}: {why}"


def main():
    url, token = sys.argv[1:]
    try:
        wrong = asyncio.run(within(url, token + "x", refused))
    except BaseException as why:
        wrong = innermost(why)
    seen = asyncio.run(within(url, token, everything))
    print(json.dumps({**seen, "wrongToken": wrong}))


main()
