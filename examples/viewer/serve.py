"""Serves the example page: python examples/viewer/serve.py [PORT] [UNSTICK]

Beside it: unstick demo --embed-origin http://localhost:37777
"""

from __future__ import annotations

import sys
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
UNSTICK = "http://localhost:8377"


class Viewer(SimpleHTTPRequestHandler):
    """This folder, with the address of Unstick put into its page."""

    unstick = UNSTICK

    def __init__(self, *args: Any) -> None:
        super().__init__(*args, directory=str(HERE))

    def do_GET(self) -> None:
        """The page, or a file of it."""
        if self.path != "/":
            return super().do_GET()
        page = (HERE / "index.html").read_text("utf-8").replace(UNSTICK, self.unstick).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)
        return None


if __name__ == "__main__":
    port, Viewer.unstick = (*sys.argv[1:], *("37777", UNSTICK)[len(sys.argv) - 1 :])
    print(f"http://localhost:{port}/ shows {Viewer.unstick}")
    ThreadingHTTPServer(("localhost", int(port)), Viewer).serve_forever()
