"""Attachments: notes, and files that come by multipart upload.

Source: entity reference (Attachable, Upload, Download): parts `file_metadata_<n>` (JSON or XML) and
`file_content_<n>`; without metadata QuickBooks Online makes it itself.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from typing import Any

from simulators.json_numbers import InvalidJsonError, read_json
from simulators.quickbooks import refusals
from simulators.quickbooks.books.company import Company, Object
from simulators.quickbooks.forms.writes import Kind, Write, write
from simulators.quickbooks.forms.xml_bodies import XML_KINDS, InvalidXmlError, read_xml

FILES = "_file"
_METADATA, _CONTENT = "file_metadata", "file_content"


@dataclass(frozen=True)
class File:
    """One uploaded file with the metadata that came with it."""

    name: str | None
    content_type: str
    content: bytes
    metadata: Object


def read_upload(body: bytes, content_type: str) -> list[File]:
    """Return the files of a multipart body, in its order.

    Raises:
        Refusal: no multipart body or no file in it (2020), metadata that is no Attachable (2010).
    """
    # Clients send base64 with its header as well as raw bytes; the mail parser knows both.
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
    metadata: dict[str, Object] = {}
    contents: dict[str, Message] = {}
    for part in _parts(message):
        name = str(part.get_param("name", "", header="content-disposition"))
        if name.startswith(_METADATA):
            metadata[name.removeprefix(_METADATA)] = _metadata(part)
        elif name.startswith(_CONTENT):
            contents[name.removeprefix(_CONTENT)] = part
    if not contents:
        raise refusals.missing_parameter("file_content")
    return [_file(part, metadata.get(number, {})) for number, part in contents.items()]


def keep_file(company: Company, file: File) -> Object:
    """Keep an uploaded file with a new Attachable, or with the one that its metadata names."""
    given: Object = {"FileName": file.name, "ContentType": file.content_type}
    body = {**{name: value for name, value in given.items() if value is not None}, **file.metadata}
    item = write(company, ATTACHABLE, body)
    item |= {"Size": len(file.content), "FileAccessUri": f"/v3/company/{company.realm}/download/{item['Id']}"}
    company.kept.put(
        FILES,
        item["Id"],
        {"content": base64.b64encode(file.content).decode(), "type": item.get("ContentType", file.content_type)},
    )
    company.amend("Attachable", item)
    return item


def file_of(company: Company, id: str) -> tuple[bytes, str]:
    """Return the content of an attachment's file and its type.

    Raises:
        Refusal: 610, there is no such attachment, or it is a note.
    """
    kept = company.kept.get(FILES, id)
    if kept is None:
        raise refusals.not_found()
    return base64.b64decode(kept["content"]), str(kept["type"])


def _parts(message: Message) -> Iterator[Message]:
    payload: Any = message.get_payload()
    if isinstance(payload, list):
        yield from payload


def _metadata(part: Message) -> Object:
    try:
        if part.get_content_type() in XML_KINDS:
            root, found = read_xml(_bytes(part))
            if root != ATTACHABLE.entity:
                raise InvalidXmlError(f"{root} is no {ATTACHABLE.entity}")
        else:
            found = read_json(_bytes(part))
    except (InvalidJsonError, InvalidXmlError) as error:
        raise refusals.Refusal([refusals.unknown_property(f"file_metadata: {error}")]) from None
    if not isinstance(found, dict):
        raise refusals.Refusal([refusals.unknown_property("file_metadata")])
    return found


def _file(part: Message, metadata: Object) -> File:
    content = _bytes(part)
    if not content:
        raise refusals.missing_parameter("file_content")
    return File(part.get_filename(), part.get_content_type(), content, metadata)


def _bytes(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _settle_attachable(made: Write) -> None:
    """A file or a note; what it hangs on exists."""
    item = made.item
    if not item.get("FileName") and not item.get("Note"):
        raise refusals.missing_parameter("FileName")
    for link in item.get("AttachableRef") or []:
        reference = link.get("EntityRef")
        if reference is None:
            continue
        entity, id = str(reference.get("type")), str(reference.get("value"))
        known = {name.lower(): name for name in made.company.kept.entities()}.get(entity.lower())
        if known is None or made.company.find(known, id) is None:
            raise refusals.missing_reference("AttachableRef.EntityRef")
        link["EntityRef"] = {"type": known, "value": id}


def _delete_attachable(company: Company, item: Object) -> None:
    if company.kept.has(FILES, item["Id"]):
        company.kept.delete(FILES, item["Id"])


ATTACHABLE = Kind(
    "Attachable",
    _settle_attachable,
    read_only=frozenset(
        {"Size", "FileAccessUri", "TempDownloadUri", "ThumbnailFileAccessUri", "ThumbnailTempDownloadUri"}
    ),
    writable=frozenset({"AttachableRef"}),
    delete=_delete_attachable,
)
