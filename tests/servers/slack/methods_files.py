"""`files.*`, and the raw upload between the first call and the last."""

from __future__ import annotations

import time

from tests.servers.slack import shapes
from tests.servers.slack.api import Call, method
from tests.servers.slack.errors import Refused
from tests.servers.slack.methods_chat import bot_message, checked_blocks, may_post, note_broadcasts
from tests.servers.slack.model import PDF, Channel, File, Json
from tests.servers.slack.world import World

MAX_FILE_BYTES = 1_000_000_000
TYPES = {"pdf": PDF, "png": "image/png", "txt": "text/plain", "zip": "application/zip"}


def receive(world: World, ticket: str, content: bytes) -> tuple[int, str]:
    """The raw POST: status and body. A body of another length than announced is refused."""
    with world.changing():
        file = world.files.get(world.uploads.tickets.get(ticket, ""))
        if file is None:
            return 404, "upload not found"
        if len(content) != file.size:
            return 400, f"expected {file.size} bytes, got {len(content)}"
        file.content, file.ready = content, True
    return 200, f"OK - {len(content)}"


def visible(call: Call, file_id: str) -> File:
    """A file that the bot may see: its own, or shared in public or where it is. Raises Refused."""
    file = call.world.files.get(file_id)
    if file is None:
        raise Refused("file_not_found")
    if file.deleted:
        raise Refused("file_deleted")
    bot = call.bot.id
    places = [call.world.channels[channel] for channel, _, _ in file.shares]
    team = call.installation.team_id
    seen = any(
        bot in one.members or (one.kind == "public" and one.team_id == team) for one in places
    )
    if not seen and file.user != bot:
        raise Refused("file_not_found")
    return file


@method("files.info", "files:read", tier=4)
def file_info(call: Call) -> Json:
    file = visible(call, call.required("file", "file_not_found"))
    whole = shapes.file(call.world, file)
    return {"file": whole, "comments": [], "response_metadata": {"next_cursor": ""}}


@method("files.delete", "files:write", tier=3)
def delete_file(call: Call) -> Json:
    file = visible(call, call.required("file", "file_not_found"))
    if file.user != call.bot.id:
        raise Refused("cant_delete_file")
    call.world.delete_file(file)
    return {}


@method("files.getUploadURLExternal", "files:write", tier=4)
def upload_url(call: Call) -> Json:
    name, length = call.required("filename"), call.number("length", 0)
    if length <= 0:
        raise Refused(
            "invalid_arguments", response_metadata={"messages": ["[ERROR] length must be positive"]}
        )
    if length > MAX_FILE_BYTES:
        raise Refused("file_upload_size_restricted")
    kind = name.rpartition(".")[2].lower()
    file = File(
        call.world.new_id("F"), name, call.bot.id, int(time.time()), size=length, ready=False
    )
    file.filetype, file.mimetype = kind, TYPES.get(kind, "application/octet-stream")
    call.world.files[file.id] = file
    ticket = call.world.new_id("UP")
    call.world.uploads.tickets[ticket] = file.id
    return {"upload_url": f"{call.world.file_host_url}/upload/v1/{ticket}", "file_id": file.id}


@method("files.completeUploadExternal", "files:write", tier=4)
def complete_upload(call: Call) -> Json:
    files = _completed(call)
    if call.text("channel_id"):
        _share_later(call, _target(call), files)
    return {"files": [{"id": one.id, "title": one.title or one.name} for one in files]}


def _target(call: Call) -> Channel:
    """The channel to share in; this method has its own words for the refusals."""
    try:
        channel = call.channel("channel_id")
        may_post(call, channel, call.text("thread_ts"))
    except Refused as refused:
        if refused.code == "channel_not_found":
            raise Refused("invalid_channel") from None
        if refused.code != "not_in_channel":
            raise Refused("posting_to_channel_denied") from None
        raise
    return channel


def _completed(call: Call) -> list[File]:
    listed = call.structure("files", "invalid_arguments")
    if not isinstance(listed, list) or not listed:
        raise Refused(
            "invalid_arguments", response_metadata={"messages": ["[ERROR] files must not be empty"]}
        )
    files = []
    for item in listed:
        file = call.world.files.get(str(item.get("id")))
        if file is None or file.user != call.bot.id or not file.ready or file.deleted:
            raise Refused("file_not_found")
        file.title = item.get("title") or file.name
        files.append(file)
    return files


def _share_later(call: Call, channel: Channel, files: list[File]) -> None:
    """The message comes when Slack gets round to it: after the answer."""
    text, world, here = call.text("initial_comment") or "", call.world, call.installation
    shown, thread_ts = ([] if text else checked_blocks(call)), call.text("thread_ts")
    note_broadcasts(world, text, shown)
    if world.uploads.unshared:
        world.uploads.unshared -= 1
        return

    def share() -> None:
        with world.changing():
            message = bot_message(world, here, channel, text, thread_ts, shown)
            message.files = [file.id for file in files if not file.deleted]
            if not world.bot_uploads_name_the_bot:
                message.bot_id = message.app_id = None
            if message.files:
                world.post(message)
                world.uploads.shared.extend(message.files)

    world.uploads.later(world.uploads.share_after_s, share)
