"""What the pages of both simulators look like: the frame around each page, the style sheet, and common parts."""

from flask import Blueprint, Flask

from simulators.fault_hooks import CONTROL


def install_look(app: Flask, vendor: str) -> None:
    """Add the common templates and the style sheet; every page says that this simulates `vendor`."""
    app.register_blueprint(
        Blueprint(
            "look",
            "simulators",
            template_folder="templates",
            static_folder="static",
            static_url_path=f"{CONTROL}/static",
        )
    )
    app.jinja_env.globals["vendor"] = vendor
