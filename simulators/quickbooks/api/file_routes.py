"""Calls that take or give files: printed documents, uploads and downloads.

Source: entity reference (PDF of sales documents; Attachable, Upload, Download).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request

from simulators.quickbooks import refusals
from simulators.quickbooks.answers import stamp
from simulators.quickbooks.api.entity_routes import ROOT, Reply, admit, answer_once, entity_of, remembered
from simulators.quickbooks.api.replays import check_request_id
from simulators.quickbooks.books.company import Company, Object
from simulators.quickbooks.documents.attachments import File, file_of, keep_file, read_upload
from simulators.quickbooks.documents.printed import PRINTED, print_document
from simulators.quickbooks.refusals import Refusal
from simulators.quickbooks.shown import FILES_PATH, file_address, shown

if TYPE_CHECKING:
    from simulators.quickbooks.app import Simulator


def file_routes(simulator: Simulator) -> Blueprint:
    routes = Blueprint("files", __name__)

    @routes.get(f"{ROOT}/<segment>/<id>/pdf")
    def pdf(realm: str, segment: str, id: str) -> Response:
        company, entity = admit(simulator, realm), entity_of(segment)
        if entity not in PRINTED:
            raise refusals.unsupported_operation(f"Operation pdf on {entity} is not supported.")
        with company.kept.hold():
            item = company.get(entity, id)
            name = company.get("CompanyInfo", "1")["CompanyName"]
        return Response(print_document(entity, item, name), content_type="application/pdf")

    @routes.post(f"{ROOT}/upload")
    def upload(realm: str) -> Response:
        """Each file is taken or refused on its own, as an item of a batch is."""
        company = admit(simulator, realm)
        files, request_id = read_upload(request.get_data(), request.content_type or ""), request.args.get("requestid")
        if request_id:
            check_request_id(request_id)

        def reply() -> Reply:
            body = {"AttachableResponse": [keep(company, file) for file in files], "time": stamp(simulator.clock)}
            return remembered(company, request_id, 200, body)

        return answer_once(company, request_id, reply)

    def keep(company: Company, file: File) -> Object:
        try:
            with company.change():
                item = shown(company, "Attachable", keep_file(company, file))
        except Refusal as refusal:
            return {"Fault": refusal.as_fault()}
        return {"Attachable": item}

    @routes.get(f"{ROOT}/download/<id>")
    def download(realm: str, id: str) -> Response:
        """The address of the file, as text; it asks for no token, as the real one on its storage does not."""
        company = admit(simulator, realm)
        file_of(company, id)
        return Response(file_address(company, id), content_type="text/plain")

    @routes.get(f"{FILES_PATH}/<realm>/<id>")
    def content(realm: str, id: str) -> Response:
        company = simulator.company(realm)
        if company is None:
            raise refusals.not_found()
        data, content_type = file_of(company, id)
        return Response(data, content_type=content_type)

    return routes
