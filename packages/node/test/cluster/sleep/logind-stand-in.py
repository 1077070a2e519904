"""
A stand-in for systemd-logind, for tests: owns org.freedesktop.login1 on the bus of DBUS_SYSTEM_BUS_ADDRESS, hands out delay locks
(Inhibit), and announces sleep (PrepareForSleep). It speaks D-Bus by itself, as https://dbus.freedesktop.org/doc/dbus-specification.html
has it: no library is needed.

Takes `sleep` and `wake` from its input, a line each. Says `ready`, `lock`, `released`, and `asleep` once nobody holds sleep off.
"""
import array, os, selectors, socket, struct, sys

NAME, PATH, MANAGER = "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager"
BUS, BUS_PATH = "org.freedesktop.DBus", "/org/freedesktop/DBus"
CALL, RETURN, ERROR, SIGNAL = 1, 2, 3, 4
FIELDS = {1: "o", 2: "s", 3: "s", 4: "s", 5: "u", 6: "s", 7: "s", 8: "g", 9: "u"}


def say(word):
    print(word, flush=True)


def pad(data, to):
    return data + b"\0" * (-len(data) % to)


def text(value):
    return struct.pack("<I", len(value)) + value.encode() + b"\0"


def message(kind, serial, fields, body=b""):
    head = b""
    for code, value in fields:
        kind_of = FIELDS[code]
        head = pad(head, 8) + struct.pack("<BB", code, 1) + kind_of.encode() + b"\0"
        if kind_of == "g":
            head += struct.pack("<B", len(value)) + value.encode() + b"\0"
        else:
            head = pad(head, 4) + (struct.pack("<I", value) if kind_of == "u" else text(value))
    fixed = struct.pack("<cBBBIII", b"l", kind, 0, 1, len(body), serial, len(head))
    return pad(fixed + head, 8) + body


def parse(data):
    """The first message of `data`, as (kind, serial, fields, bytes it takes); None when more is to come."""
    if len(data) < 16:
        return None
    _, kind, _, _, body, serial, length = struct.unpack_from("<cBBBIII", data)
    end = 16 + length + (-(16 + length) % 8) + body
    if len(data) < end:
        return None
    fields, at = {}, 16
    while at < 16 + length:
        at += -at % 8
        code, size = data[at], data[at + 1]
        kind_of = data[at + 2 : at + 2 + size].decode()
        at += 2 + size + 1
        if kind_of == "g":
            fields[code] = data[at + 1 : at + 1 + data[at]].decode()
            at += data[at] + 2
            continue
        at += -at % 4
        (number,) = struct.unpack_from("<I", data, at)
        at += 4
        if kind_of == "u":
            fields[code] = number
        else:
            fields[code] = data[at : at + number].decode()
            at += number + 1
    return kind, serial, fields, end


class StandIn:
    def __init__(self, address):
        self.selector = selectors.DefaultSelector()
        self.bus = socket.socket(socket.AF_UNIX)
        self.bus.connect(address.split("path=")[1].split(",")[0])
        uid = str(os.getuid()).encode().hex()
        self.bus.sendall(f"\0AUTH EXTERNAL {uid}\r\n".encode())
        assert self.bus.recv(512).startswith(b"OK")
        self.bus.sendall(b"NEGOTIATE_UNIX_FD\r\n")
        assert self.bus.recv(512).startswith(b"AGREE_UNIX_FD")
        self.bus.sendall(b"BEGIN\r\n")
        self.serial, self.data, self.locks, self.is_falling = 0, b"", set(), False
        self.call("Hello")
        self.call("RequestName", "su", text(NAME).ljust(len(text(NAME)) + -len(text(NAME)) % 4, b"\0") + struct.pack("<I", 0))
        self.selector.register(self.bus, selectors.EVENT_READ, self.from_bus)
        self.selector.register(sys.stdin, selectors.EVENT_READ, self.from_test)
        say("ready")

    def send(self, kind, fields, body=b"", descriptors=()):
        self.serial += 1
        data = message(kind, self.serial, fields, body)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        self.bus.sendmsg([data], rights)

    def call(self, member, signature="", body=b""):
        fields = [(1, BUS_PATH), (2, BUS), (3, member), (6, BUS)] + ([(8, signature)] if signature else [])
        self.send(CALL, fields, body)

    def announce(self, falls):
        fields = [(1, PATH), (2, MANAGER), (3, "PrepareForSleep"), (8, "b")]
        self.send(SIGNAL, fields, struct.pack("<I", 1 if falls else 0))

    def from_bus(self):
        received = self.bus.recv(65536)
        if not received:
            sys.exit(0)
        self.data += received
        while (parsed := parse(self.data)) is not None:
            kind, serial, fields, size = parsed
            self.data = self.data[size:]
            if kind == CALL:
                self.answer(serial, fields)

    def answer(self, serial, fields):
        to = [(5, serial), (6, fields[7])]
        # As logind does, it gives no lock while sleep is under way.
        if fields.get(3) != "Inhibit" or self.is_falling:
            why = "InProgress" if self.is_falling else "UnknownMethod"
            self.send(ERROR, [(4, f"org.freedesktop.DBus.Error.{why}")] + to)
            return
        ours, theirs = os.pipe()
        self.send(RETURN, to + [(8, "h"), (9, 1)], struct.pack("<I", 0), [theirs])
        os.close(theirs)
        self.locks.add(ours)
        self.selector.register(ours, selectors.EVENT_READ, lambda: self.released(ours))
        say("lock")

    def released(self, lock):
        self.selector.unregister(lock)
        os.close(lock)
        self.locks.discard(lock)
        say("released")
        self.sleep_if_free()

    def sleep_if_free(self):
        if self.is_falling and not self.locks:
            say("asleep")

    def from_test(self):
        order = sys.stdin.readline().strip()
        if order == "":
            sys.exit(0)
        self.is_falling = order == "sleep"
        self.announce(self.is_falling)
        self.sleep_if_free()

    def run(self):
        while True:
            for key, _ in self.selector.select():
                key.data()


StandIn(os.environ["DBUS_SYSTEM_BUS_ADDRESS"]).run()
