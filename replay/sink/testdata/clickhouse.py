"""ClickHouse's engine (chdb, in process) behind as much of its HTTP interface
as the sink uses: statements and INSERT with data by POST, queries by GET.

Usage: clickhouse.py DIRECTORY. Prints the port, serves until it is killed.
"""

import http.server
import os
import re
import sys
import urllib.parse

from chdb import session

engine = session.Session(os.path.join(sys.argv[1], "data"))
engine.query("CREATE DATABASE IF NOT EXISTS recordings ENGINE = Atomic")


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
        try:
            if self.headers.get("X-ClickHouse-User") == "stranger":
                raise RuntimeError("Code: 516. DB::Exception: stranger: Authentication failed. (AUTHENTICATION_FAILED)")
            if body:
                # Data comes from a file here, where a server takes the body.
                path = os.path.join(sys.argv[1], "body")
                with open(path, "wb") as f:
                    f.write(body)
                settings = ", ".join(f"{name} = '{value}'" for name, value in query.items())
                statement = re.sub(r" FORMAT (\w+)$", rf" FROM INFILE '{path}' SETTINGS {settings} FORMAT \1", statement)
            result = str(engine.query(statement, "JSONCompact")).encode()
            self.reply(200, result)
        except Exception as e:
            code = re.match(r"Code: (\d+)", str(e))
            self.reply(500, str(e).encode(), code.group(1) if code else "1000")

    def reply(self, status, body, code=None):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if code:
            self.send_header("X-ClickHouse-Exception-Code", code)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
