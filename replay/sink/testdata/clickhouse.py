"""ClickHouse's engine (chdb, in process) behind as much of its HTTP interface
as the sink uses: statements and INSERT with data by POST, queries by GET.

Usage: clickhouse.py DIRECTORY. Prints the port, serves until it is killed.
"""

import http.server
import os
import re
import sys
import threading
import urllib.parse

from chdb import session

engine = session.Session(os.path.join(sys.argv[1], "data"))
engine.query("CREATE DATABASE IF NOT EXISTS recordings ENGINE = Atomic")
engine_lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(body)

    def do_GET(self):
        self.answer(b"")

    def answer(self, body):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        statement = query.pop("query")
        query.pop("wait_end_of_query", None)
        code = None
        try:
            if self.headers.get("X-ClickHouse-User") == "stranger":
                raise RuntimeError("Code: 516. DB::Exception: stranger: Authentication failed. (AUTHENTICATION_FAILED)")
            with engine_lock:
                if body:
                    # Data comes from a file here, where a server takes the body.
                    path = os.path.join(sys.argv[1], "body")
                    with open(path, "wb") as f:
                        f.write(body)
                    settings = ", ".join(f"{name} = '{value}'" for name, value in query.items())
                    statement = re.sub(r" FORMAT (\w+)$", rf" FROM INFILE '{path}' SETTINGS {settings} FORMAT \1", statement)
                result = str(engine.query(statement, "JSONCompact")).encode()
        except Exception as e:
            result = str(e).encode()
            code = re.match(r"Code: (\d+)", str(e))
            code = code.group(1) if code else "1000"
        try:
            self.reply(500 if code else 200, result, code)
        except OSError:
            self.close_connection = True

    def reply(self, status, body, code=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if code:
            self.send_header("X-ClickHouse-Exception-Code", code)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
