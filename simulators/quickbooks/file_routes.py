"""Calls that take or give files: printed documents, uploads and downloads.

Source: entity reference (PDF of sales documents; Attachable, Upload, Download).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from simulators.fault_hooks import CONTROL
from simulators.quickbooks import refusals
from simulators.quickbooks.answers import answer, stamp
from simulators.quickbooks.attachments import file_of, keep_file, read_upload
from simulators.quickbooks.entity_routes import ROOT, admit, entity_of
from simulators.quickbooks.printed import PRINTED, print_document
from simulators.quickbooks.refusals import Refusal
from simulators.quickbooks.shown import shown

if TYPE_CHECKING:
    from simulators.quickbooks.app import Simulator

_KEPT = f"{CONTROL}/files"


def file_routes(simulator: Simulator) -> Blueprint:
    routes = Blueprint("files", __name__)

    @routes.get(f"{ROOT}/<segment>/<id>/pdf")
    def pdf(realm: str, segment: str, id: str) -> Response:
        company, entity = admit(simulator, realm), entity_of(segment)
        if entity not in PRINTED:
            raise refusals.unsupported_operation(f"Operation pdf on {entity} is not supported.")
        with company.kept.lock:
            item = company.get(entity, id)
            name = company.get("CompanyInfo", "1")["CompanyName"]
        return Response(print_document(entity, item, name), content_type="application/pdf")

    @routes.post(f"{ROOT}/upload")
    def upload(realm: str) -> Response:
        """Each file is taken or refused on its own, as an item of a batch is."""
        company = admit(simulator, realm)
        replies = []
        for file in read_upload(request.get_data(), request.content_type or ""):
            try:
                with company.kept.transaction():
                    item = shown(company, "Attachable", keep_file(company, file))
                    company.publish()
            except Refusal as refusal:
                company.events = []
                replies.append({"Fault": refusal.as_fault()})
                continue
            replies.append({"Attachable": {**item, "TempDownloadUri": _address(realm, item["Id"])}})
        return answer({"AttachableResponse": replies, "time": stamp(simulator.clock)})

    @routes.get(f"{ROOT}/download/<id>")
    def download(realm: str, id: str) -> Response:
        """The address of the file, as text; it asks for no token, as the real one on its storage does not."""
        company = admit(simulator, realm)
        file_of(company, id)
        return Response(_address(realm, id), content_type="text/plain")

    @routes.get(f"{_KEPT}/<realm>/<id>")
    def content(realm: str, id: str) -> Response:
        company = simulator.company(realm)
        if company is None:
            raise refusals.not_found()
        data, content_type = file_of(company, id)
        return Response(data, content_type=content_type)

    return routes


def _address(realm: str, id: str) -> str:
    return f"{request.host_url.rstrip('/')}{_KEPT}/{realm}/{id}"
