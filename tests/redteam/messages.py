"""Other spellings of one JSON-RPC message: what readers should take for the same, and what they read differently."""
import json, random


def escaped(text, which, upper=False, keep=""):
    """JSON with those characters inside strings as \\uXXXX for which `which` holds."""
    out, inside, at = [], False, 0
    while at < len(text):
        c = text[at]
        if inside and c == "\\":
            size = 6 if text[at + 1] == "u" else 2
            out.append(text[at:at + size])
            at += size
            continue
        if c == '"':
            inside = not inside
        elif inside and which(c):
            for unit in c.encode("utf-16-be").hex(" ", 2).split(" "):
                out.append("\\u" + (unit.upper() if upper else unit))
            at += 1
            continue
        out.append(c)
        at += 1
    return "".join(out)


def respell(body, change):
    """The message, changed as an object and written anew."""
    message = json.loads(body)
    return json.dumps(change(message), ensure_ascii=False, separators=(",", ":")).encode()


def reordered(message):
    """Every object's keys the other way round: `params` come before `method`."""
    if isinstance(message, dict):
        return {key: reordered(value) for key, value in reversed(message.items())}
    return [reordered(one) for one in message] if isinstance(message, list) else message


def padded(size, key="_padding", first=True):
    def change(message):
        filler = {key: "A" * size}
        return {**filler, **message} if first else {**message, **filler}
    return change


def padded_params(size):
    """`params` first, with `size` bytes of metadata, and `method` behind it."""
    def change(message):
        params = {"_meta": {"com.example/trace": "x" * size}, **message.get("params", {})}
        params["_meta"] = {**{"com.example/trace": "x" * size}, **message.get("params", {}).get("_meta", {})}
        return {"params": params, **{key: value for key, value in message.items() if key != "params"}}
    return change


def raw(change):
    return lambda body: change(body.decode()).encode()


def nested(depth):
    return raw(lambda text: '{"_deep":' + "[" * depth + "0" + "]" * depth + "," + text[1:])


def spaced(text, space):
    """White space around every colon and comma outside of strings."""
    out, inside, escape = [], False, False
    for c in text:
        if inside:
            inside = not (c == '"' and not escape)
            escape = c == "\\" and not escape
            out.append(c)
        else:
            inside = c == '"'
            out.append(space + c + space if c in ":,{}[]" else c)
    return "".join(out)


def key_twice(body, key, other, first):
    """`key` with another value before or behind the real one."""
    text = body.decode()
    fake = f'"{key}":{json.dumps(other)}'
    return ("{" + fake + "," + text.lstrip()[1:] if first else text.rstrip()[:-1] + "," + fake + "}").encode()


def with_key(body, key, spelling):
    return body.decode().replace(f'"{key}"', spelling, 1).encode()


def random_spelling(seed):
    """Random escapes of any character, order of keys and white space."""
    def change(body):
        pick = random.Random(seed)
        def shuffled(value):
            if isinstance(value, dict):
                items = list(value.items())
                pick.shuffle(items)
                return {key: shuffled(inner) for key, inner in items}
            return [shuffled(one) for one in value] if isinstance(value, list) else value
        text = json.dumps(shuffled(json.loads(body)), ensure_ascii=False)
        text = escaped(text, lambda c: pick.random() < 0.4, upper=pick.random() < 0.5)
        return spaced(text, pick.choice(["", " ", "\n\t", " " * 7])).encode()
    return change


# Name → change of a body. All of these are the same message to every reader that follows RFC 8259.
spellings = {
    "every character escaped": raw(lambda t: escaped(t, lambda c: True)),
    "every character escaped, upper-case hex": raw(lambda t: escaped(t, lambda c: True, upper=True)),
    "vowels escaped": raw(lambda t: escaped(t, lambda c: c in "aeiou")),
    "one character of `method` escaped": lambda b: with_key(b, "method", '"m\\u0065thod"'),
    "one character of `jsonrpc` escaped": lambda b: with_key(b, "jsonrpc", '"json\\u0072pc"'),
    "solidus escaped": raw(lambda t: t.replace("/", "\\/")),
    "solidus as \\u002f": raw(lambda t: escaped(t, lambda c: c == "/")),
    "keys in reverse": lambda b: respell(b, reordered),
    "six blanks around every colon": raw(lambda t: spaced(t, "      ")),
    "line ends and tabs everywhere": raw(lambda t: spaced(t, "\r\n\t")),
    "1,024 blanks before it": raw(lambda t: " " * 1024 + t),
    "64 KiB of line ends before it": raw(lambda t: "\r\n" * 32768 + t),
    "64 KiB of blanks within it": raw(lambda t: t.replace(":", ":" + " " * 65536, 1)),
    "64 KiB of blanks behind it": raw(lambda t: t + " " * 65536),
    "2 KiB of padding before `method`": lambda b: respell(b, padded(2048)),
    "64 KiB of padding before `method`": lambda b: respell(b, padded(65536)),
    "1 MiB of padding before `method`": lambda b: respell(b, padded(1 << 20)),
    "5 MiB of padding before `method`": lambda b: respell(b, padded(5 << 20)),
    "1 MiB of padding behind it": lambda b: respell(b, padded(1 << 20, first=False)),
    "`params` first, 2 KiB of metadata": lambda b: respell(b, padded_params(2048)),
    "`params` first, 1 MiB of metadata": lambda b: respell(b, padded_params(1 << 20)),
    "nested 60 deep before `method`": nested(60),
    "nested 1,000 deep before `method`": nested(1000),
    "numbers out of range": raw(lambda t: '{"n":1e400,"m":123456789012345678901234567890,' + t[1:]),
    "a lone surrogate": raw(lambda t: '{"s":"\\ud800",' + t[1:]),
    "2,000 further keys": raw(lambda t: "{" + ",".join(f'"k{i}":{i}' for i in range(2000)) + "," + t[1:]),
    "random spelling 1": random_spelling(1),
    "random spelling 2": random_spelling(2),
    "random spelling 3": random_spelling(3),
    "random spelling 4": random_spelling(4),
}

# What readers take differently, or not at all: to be found or named.
ambiguous = {
    "byte order mark": raw(lambda t: "\ufeff" + t),
    "UTF-16, little-endian": lambda b: b"\xff\xfe" + b.decode().encode("utf-16-le"),
    "UTF-16, big-endian": lambda b: b"\xfe\xff" + b.decode().encode("utf-16-be"),
    "UTF-16 without a mark": lambda b: b.decode().encode("utf-16-le"),
    "UTF-32": lambda b: b.decode().encode("utf-32-le"),
    "a batch of one": lambda b: b"[" + b + b"]",
    "a batch with twenty pings": lambda b: b"[" + b",".join(b'{"jsonrpc":"2.0","id":"p%d","method":"ping"}' % i for i in range(20)) + b"," + b + b"]",
    "`method` twice, the real one last": lambda b: key_twice(b, "method", "ping", True),
    "`method` twice, the real one first": lambda b: key_twice(b, "method", "ping", False),
    "`params` twice, the real ones last": lambda b: key_twice(b, "params", {"name": "harmless"}, True),
    "`Method`": lambda b: with_key(b, "method", '"Method"'),
    "`METHOD`, `PARAMS`": lambda b: with_key(with_key(b, "method", '"METHOD"'), "params", '"PARAMS"'),
    "`mEtHoD`": lambda b: with_key(b, "method", '"mEtHoD"'),
    "bytes that are no UTF-8": lambda b: b'{"x":"\xff\xfe",' + b[1:],
    "a comma too many": lambda b: b.rstrip()[:-1] + b",}",
    "a comment before it": lambda b: b"/* hello */" + b,
    "two messages one behind the other": lambda b: b'{"jsonrpc":"2.0","id":"p","method":"ping"}\n' + b,
    "NUL bytes behind it": lambda b: b + b"\0" * 16,
}
