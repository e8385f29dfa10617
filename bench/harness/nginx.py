"""nginx as receiver (answers 200 at once, counts) and as bare reverse proxy (the floor). One worker, no logs."""
import http.client
import os

from harness.process import Process, accepts, free_port, wait_until

CONFIG = """
daemon off;
{user}
worker_processes 1;
pid {dir}/nginx.pid;
error_log {dir}/error.log warn;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
  keepalive_requests 1000000000; keepalive_timeout 300s; tcp_nodelay on;
  # A whole request of 1 KB in one read.
  client_header_buffer_size 8k; client_body_buffer_size 64k;
  {http}
}}
"""
RECEIVER = """server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = /status {{ stub_status; }}
    location / {{ return 200; }}
  }}"""
PROXY = """upstream receiver {{ server 127.0.0.1:{to}; keepalive 512; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ proxy_pass http://receiver/s/0; proxy_http_version 1.1; proxy_set_header Connection ""; }}
  }}"""


class Nginx(Process):
    def __init__(self, directory, http, port=None):
        directory.mkdir(parents=True)
        self.port = port or free_port()
        config = directory / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        config.write_text(CONFIG.format(dir=directory, user=user, http=http.replace("{port}", str(self.port))))
        super().__init__(["nginx", "-e", directory / "start.log", "-p", directory, "-c", config], directory / "out.log")
        wait_until("nginx listens", lambda: self.check_alive() and accepts(self.port), 10)


class Receiver(Nginx):
    """Discards request bodies after reading them. received(): requests so far, those of the count itself left out."""

    def __init__(self, directory, port=None):
        super().__init__(directory, RECEIVER.format(port="{port}"), port)
        self.asked = 0
        self.status = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def received(self):
        self.status.request("GET", "/status")
        text = self.status.getresponse().read().decode()
        self.asked += 1
        return int(text.splitlines()[2].split()[2]) - self.asked


class Proxy(Nginx):
    def __init__(self, directory, to):
        super().__init__(directory, PROXY.format(port="{port}", to=to))
