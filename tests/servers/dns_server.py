"""A name server on loopback that knows the records of a test, over UDP."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

from tests.servers.process import LOOPBACK

Zone = Mapping[tuple[str, str], Sequence[str]]


@contextmanager
def name_server(zone: Zone, port: int = 0) -> Iterator[str]:
    """`HOST:PORT` of a server of `zone`: `("example.org", "TXT"): ['"v=spf1 -all"']`.

    A value of None is a failure.

    `port`: 0: a free one.
    """

    class Answer(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data, wire = self.request
            asked = dns.message.from_wire(data)
            question = asked.question[0]
            name, kind = (
                question.name.to_text(omit_final_dot=True).lower(),
                dns.rdatatype.to_text(question.rdtype),
            )
            answer = dns.message.make_response(asked)
            answer.flags |= dns.flags.RA
            records = zone.get((name, kind), ())
            if records is None:
                answer.set_rcode(dns.rcode.SERVFAIL)
            elif records:
                answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *records))
            elif not any(known == name for known, _ in zone):
                answer.set_rcode(dns.rcode.NXDOMAIN)
            wire.sendto(answer.to_wire(), self.client_address)

    with socketserver.ThreadingUDPServer((LOOPBACK, port), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"{LOOPBACK}:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
