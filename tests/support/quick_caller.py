"""Has a program run by a process that has imported it; see `tests.support.quick`. Starts in some milliseconds."""

import array
import json
import os
import signal
import socket
import struct
import sys

PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def main() -> None:
    """Hand over everything, pass signals on, and end as the program ended."""
    line = socket.socket(socket.AF_UNIX)
    line.connect(sys.argv[1])
    ignored = [number for number in PASSED_ON if signal.getsignal(number) is signal.SIG_IGN]
    for number in PASSED_ON:
        if number not in ignored:
            signal.signal(number, lambda number, _: line.sendall(bytes([number])))
    umask = os.umask(0)
    os.umask(umask)
    call = {
        "arguments": sys.argv[2:],
        "folder": os.getcwd(),
        "environment": dict(os.environ),
        "umask": umask,
        "ignored": [int(number) for number in ignored],
    }
    content = json.dumps(call).encode()
    passed = array.array("i", (0, 1, 2))
    line.sendmsg([struct.pack("!I", len(content))], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed)])
    line.sendall(content)
    told = line.recv(4)
    code = struct.unpack("!i", told)[0] if len(told) == 4 else 70
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


main()
