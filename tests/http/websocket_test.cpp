#include "http/websocket.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include "support/every_cut.h"

using namespace umbratap;
using namespace umbratap::http;

namespace {

struct Frame {
    unsigned opcode = 1;
    bool final = true;
    unsigned reserved = 0;  // RSV1 is 4
    bool masked = true;
    int length_bytes = 0;  // 0: as few as possible
};

std::string frame(std::string_view payload, Frame is = {}) {
    static constexpr char key[] = {0x37, '\xfa', 0x21, 0x3d};
    std::string bytes;
    bytes += static_cast<char>((is.final ? 0x80 : 0) | is.reserved << 4 | is.opcode);
    if (is.length_bytes == 0 && payload.size() > 125)
        is.length_bytes = payload.size() > 65535 ? 8 : 2;
    const char mask = static_cast<char>(is.masked ? 0x80 : 0);
    if (is.length_bytes == 0) {
        bytes += static_cast<char>(mask | static_cast<char>(payload.size()));
    } else {
        bytes += static_cast<char>(mask | (is.length_bytes == 2 ? 126 : 127));
        for (int i = is.length_bytes; i-- > 0;) bytes += static_cast<char>(payload.size() >> 8 * i);
    }
    if (!is.masked) return bytes.append(payload);
    bytes.append(key, 4);
    for (std::size_t i = 0; i < payload.size(); ++i)
        bytes += static_cast<char>(payload[i] ^ key[i % 4]);
    return bytes;
}

constexpr Frame plain{.masked = false};
constexpr Frame deflated{.reserved = 4};

/// A sender's permessage-deflate.
class Deflater {
public:
    explicit Deflater(int window_bits = 15) {
        deflateInit2(&stream_, 9, Z_DEFLATED, -window_bits, 8, Z_DEFAULT_STRATEGY);
    }
    ~Deflater() { deflateEnd(&stream_); }
    std::string message(std::string_view text) {
        std::string out(text.size() + 1000, '\0');
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
        stream_.avail_in = static_cast<unsigned>(text.size());
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        stream_.avail_out = static_cast<unsigned>(out.size());
        deflate(&stream_, Z_SYNC_FLUSH);
        out.resize(out.size() - stream_.avail_out);
        REQUIRE(out.ends_with(std::string_view("\0\0\xff\xff", 4)));
        out.resize(out.size() - 4);
        return out;
    }

private:
    z_stream stream_{};
};

struct Setting {
    Direction direction = Direction::to_server;
    WebSocketExtensions extensions{};
    std::uint32_t text_bytes_max = 1000;
    std::uint64_t inflated_bytes_max = 100000;
    std::size_t hole_at = SIZE_MAX;  // what lies behind it comes after
    std::uint64_t missing = 0;       // this many bytes were lost
};

/// What was read, one line a message, `~` if damaged, `(cut)` if no last piece came; `deaf`; and
/// the first problem.
std::string messages(const std::vector<Bytes>& pieces, const Setting& setting) {
    Budget budget(1 << 24);
    WebSocketReader reader(setting.extensions, setting.text_bytes_max, setting.inflated_bytes_max,
                           budget);
    Problem problem;
    std::string seen;
    bool open = false;
    Batch<Item> out;
    const auto tell = [&] {
        for (const Item& item : out) {
            const Text& text = std::get<Text>(item);
            CHECK(text.kind == TextKind::websocket_message);
            CHECK(text.direction == setting.direction);
            CHECK(text.first == !open);
            if (text.first && !text.last) CHECK(text.data.size() == setting.text_bytes_max);
            seen += as_text(text.data);
            if (text.last) seen += text.damaged ? "~\n" : "\n";
            open = !text.last;
        }
        out.clear();
    };
    Text where;
    where.direction = setting.direction;
    std::size_t offset = 0;
    for (Bytes piece : pieces) {
        // An exact copy that is gone after the push, so that a view that lives longer is found.
        const std::vector<std::uint8_t> copy(piece.begin(), piece.end());
        Bytes rest = copy;
        if (offset <= setting.hole_at && setting.hole_at < offset + rest.size()) {
            problem =
                problem.or_else(reader.push(rest.first(setting.hole_at - offset), where, out));
            tell();
            rest = rest.subspan(setting.hole_at - offset);
            reader.lose(setting.missing, out);
            tell();
        }
        problem = problem.or_else(reader.push(rest, where, out));
        tell();
        offset += piece.size();
    }
    if (open) seen += "(cut)";
    if (reader.deaf()) {
        seen += "deaf ";
        CHECK(!reader.push({}, where, out));  // gives back what its texts needed
        CHECK(budget.used() == 0);
    }
    return seen + std::string(problem.name());
}

std::string messages(std::string_view stream, const Setting& setting = {}) {
    const auto read = [&](const std::vector<Bytes>& pieces) { return messages(pieces, setting); };
    CHECK(test::differs_when_cut(as_bytes(stream), read) == "");
    return messages(std::vector<Bytes>{as_bytes(stream)}, setting);
}

constexpr Setting to_client{.direction = Direction::to_client};
constexpr Setting with_deflate{.extensions = {.deflate = true}};

}  // namespace

TEST_CASE("websocket: text and binary messages, masked from the client, unmasked from the server") {
    CHECK(messages(frame("Hello") + frame("b", {.opcode = 2})) == "Hello\nb\n");
    CHECK(messages(frame("Hello", plain) + frame(std::string(70000, 'x'), plain),
                   {.direction = Direction::to_client, .text_bytes_max = 100000}) ==
          "Hello\n" + std::string(70000, 'x') + "\n");
    CHECK(messages(frame(std::string(300, 'x')) + frame("")) == std::string(300, 'x') + "\n");
}

TEST_CASE("websocket: the wrong kind of masking is told and read") {
    CHECK(messages(frame("a", plain)) == "a\nwebsocket.unmasked_client_frame");
    CHECK(messages(frame("a"), to_client) == "a\nwebsocket.masked_server_frame");
}

TEST_CASE("websocket: fragments are joined, with control frames in between") {
    CHECK(messages(frame("Hel", {.final = false}) + frame("ping", {.opcode = 9}) +
                   frame("l", {.opcode = 0, .final = false}) + frame("pong", {.opcode = 10}) +
                   frame("", {.opcode = 0, .final = false}) + frame("o", {.opcode = 0}) +
                   frame("\x03\xe8", {.opcode = 8}) + frame("after")) == "Hello\nafter\n");
}

TEST_CASE("websocket: a message that no last fragment ends is none") {
    CHECK(messages(frame("Hel", {.final = false}) + frame("l", {.opcode = 0, .final = false})) ==
          "");
    CHECK(messages(frame("Hello").substr(0, 9)) == "");
}

TEST_CASE("websocket: fragments out of order are told and read") {
    CHECK(messages(frame("a", {.opcode = 0})) == "a\nwebsocket.unexpected_continuation");
    CHECK(messages(frame("a", {.final = false}) + frame("b")) ==
          "a~\nb\nwebsocket.interrupted_message");
}

TEST_CASE("websocket: frames of unknown meaning are passed over by their length") {
    for (unsigned opcode : {3U, 7U, 11U, 15U}) {
        CHECK(messages(frame("???", {.opcode = opcode}) + frame("a")) ==
              "a\nwebsocket.reserved_opcode");
    }
    CHECK(messages(frame("a", {.final = false}) + frame("?", {.opcode = 12}) +
                   frame("b", {.opcode = 0})) == "ab\nwebsocket.reserved_opcode");
}

TEST_CASE("websocket: reserved bits are told and read") {
    CHECK(messages(frame("a", {.reserved = 4})) == "a\nwebsocket.reserved_bits");
    CHECK(messages(frame("a", {.reserved = 1}), with_deflate) == "a\nwebsocket.reserved_bits");
    CHECK(messages(frame("a", {.opcode = 9, .reserved = 4}), with_deflate) ==
          "websocket.reserved_bits");
}

TEST_CASE(
    "websocket: control frames that are long or cut into fragments are told and passed over") {
    CHECK(messages(frame(std::string(126, 'x'), {.opcode = 9}) + frame("a")) ==
          "a\nwebsocket.bad_control_frame");
    CHECK(messages(frame("x", {.opcode = 9, .final = false}) + frame("a")) ==
          "a\nwebsocket.bad_control_frame");
}

TEST_CASE("websocket: lengths") {
    CHECK(messages(frame("a", {.length_bytes = 2})) == "a\nwebsocket.length_not_minimal");
    CHECK(messages(frame("a", {.length_bytes = 8})) == "a\nwebsocket.length_not_minimal");
    CHECK(messages(frame(std::string(126, 'x'))) == std::string(126, 'x') + "\n");
    CHECK(messages(frame(std::string(65535, 'x')), {.text_bytes_max = 65535}) ==
          std::string(65535, 'x') + "\n");
    const std::string_view huge("\x82\x7f\x80\0\0\0\0\0\0\0", 10);
    CHECK(messages(huge, to_client) == "deaf websocket.length_too_large");
    CHECK(messages(frame("ab", {.final = false, .masked = false}) + std::string(huge), to_client) ==
          "ab~\ndeaf websocket.length_too_large");
    const std::string_view large(
        "\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"
        "abc",
        13);
    CHECK(messages(large, to_client) == "");
}

TEST_CASE("websocket: a long message comes in pieces, the first as long as the limit") {
    CHECK(messages(frame("0123456789"), {.text_bytes_max = 10}) == "0123456789\n");
    CHECK(messages(frame("0123456789abc") + frame("d"), {.text_bytes_max = 10}) ==
          "0123456789abc\nd\nhttp.text_too_long");
    CHECK(messages(frame("01234", {.final = false}) + frame("56789a", {.opcode = 0}),
                   {.text_bytes_max = 10}) == "0123456789a\nhttp.text_too_long");
    CHECK(messages(frame(std::string(5000, 'x'), plain),
                   {.direction = Direction::to_client, .text_bytes_max = 10}) ==
          std::string(5000, 'x') + "\nhttp.text_too_long");
}

TEST_CASE("websocket: a deflated message refers to the ones before") {
    Deflater deflater;
    std::string stream;
    for (int i = 0; i < 3; ++i)
        stream += frame(deflater.message("{\"jsonrpc\":\"2.0\",\"id\":1}"), deflated);
    stream += frame("not deflated");
    stream += frame(deflater.message("{\"jsonrpc\":\"2.0\",\"id\":2}"), deflated);
    CHECK(messages(stream, with_deflate) ==
          "{\"jsonrpc\":\"2.0\",\"id\":1}\n{\"jsonrpc\":\"2.0\",\"id\":1}\n{\"jsonrpc\":\"2.0\","
          "\"id\":1}\n"
          "not deflated\n{\"jsonrpc\":\"2.0\",\"id\":2}\n");
}

TEST_CASE("websocket: a deflated message in fragments, the first of which says so") {
    Deflater deflater;
    const std::string packed = deflater.message("Hello, hello, hello");
    CHECK(messages(frame(packed.substr(0, 3), {.final = false, .reserved = 4}) +
                       frame("p", {.opcode = 9}) + frame(packed.substr(3), {.opcode = 0}),
                   with_deflate) == "Hello, hello, hello\n");
}

TEST_CASE("websocket: without context takeover each message stands alone") {
    Setting setting = with_deflate;
    setting.extensions.no_context_takeover = true;
    std::string stream;
    for (int i = 0; i < 3; ++i) {
        Deflater deflater;
        stream += frame(deflater.message("Hello, hello"), deflated);
    }
    CHECK(messages(stream, setting) == "Hello, hello\nHello, hello\nHello, hello\n");
}

TEST_CASE("websocket: the examples of RFC 7692, 7.2.3") {
    using std::string_view_literals::operator""sv;
    const auto hello = "\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00"sv;
    const auto fragments = "\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00"sv;
    const auto stored = "\xc1\x0b\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"sv;
    const auto final_block = "\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00"sv;
    const auto two_blocks = "\xc1\x0d\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"sv;
    const auto with_window = "\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00"sv;
    Setting setting = to_client;
    setting.extensions.deflate = true;
    CHECK(messages(hello, setting) == "Hello\n");
    CHECK(messages(fragments, setting) == "Hello\n");
    CHECK(messages(stored, setting) == "Hello\n");
    CHECK(messages(final_block, setting) == "Hello\n");
    CHECK(messages(std::string(final_block) + std::string(hello), setting) == "Hello\nHello\n");
    CHECK(messages(two_blocks, setting) == "Hello\n");
    CHECK(messages(with_window, setting) == "Hello\nHello\n");
}

TEST_CASE("websocket: whatever window was agreed on is enough") {
    for (int bits = 9; bits <= 15; ++bits) {
        Deflater deflater(bits);
        Setting setting = with_deflate;
        setting.text_bytes_max = 100000;
        std::string text;
        for (int i = 0; i < 2000; ++i) text += std::to_string(i * 7919 % 1000) + ",";
        const std::string first = frame(deflater.message(text), deflated);
        const std::string second = frame(deflater.message("0,919,838"), deflated);
        CHECK(messages(first + second, setting) == text + "\n0,919,838\n");
    }
}

TEST_CASE("websocket: what cannot be inflated makes the reader deaf") {
    CHECK(messages(frame("\xff\xff\xff", deflated) + frame("a"), with_deflate) ==
          "deaf websocket.bad_deflate");
    CHECK(messages(frame("", deflated) + frame("a"), with_deflate) == "a\n");
}

TEST_CASE("websocket: a bomb makes the reader deaf") {
    Deflater deflater;
    const std::string bomb = deflater.message(std::string(200000, 'x'));
    Setting setting = with_deflate;
    setting.text_bytes_max = 1000000;
    setting.inflated_bytes_max = 199999;
    CHECK(messages(frame(bomb, deflated) + frame("a"), setting)
              .ends_with("x~\ndeaf websocket.inflate_bomb"));
    setting.inflated_bytes_max = 200000;
    CHECK(messages(frame(bomb, deflated) + frame("a"), setting) ==
          std::string(200000, 'x') + "\na\n");

    // Many small ones are a bomb as well.
    std::string stream;
    setting.extensions.no_context_takeover = true;
    for (int i = 0; i < 10; ++i) stream += frame(bomb, deflated);
    CHECK(messages(stream, setting).ends_with("deaf websocket.inflate_bomb"));
}

TEST_CASE("websocket: a hole within a payload costs one message") {
    const std::string first = frame("first"), rest = frame("third") + frame("fourth");
    const std::string second = frame("0123456789abcdef");
    for (std::size_t lost = 1; lost <= 16; ++lost) {
        for (std::size_t begin = 6; begin + lost <= second.size(); ++begin) {
            const std::string stream =
                first + second.substr(0, begin) + second.substr(begin + lost) + rest;
            const std::string there = std::string("0123456789abcdef").substr(0, begin - 6);
            CHECK(messages(stream, {.hole_at = first.size() + begin, .missing = lost}) ==
                  "first\n" + (there.empty() ? "" : there + "~\n") + "third\nfourth\n");
        }
    }
}

TEST_CASE("websocket: a hole beyond a payload makes the reader deaf") {
    const std::string stream = frame("first") + frame("second") + frame("third");
    CHECK(messages(stream, {.hole_at = frame("first").size() + 9, .missing = 100}) ==
          "first\nsec~\ndeaf ");
    CHECK(messages(stream, {.hole_at = frame("first").size(), .missing = 1}) == "first\ndeaf ");
    CHECK(messages(stream, {.hole_at = frame("first").size() + 1, .missing = 1}) == "first\ndeaf ");
}

TEST_CASE("websocket: a hole in a message of several frames costs that message") {
    const std::string begin = frame("ab", {.final = false});
    CHECK(messages(begin + frame("cd", {.opcode = 0, .final = false}).substr(0, 7) +
                       frame("ef", {.opcode = 0}) + frame("next"),
                   {.hole_at = begin.size() + 7, .missing = 1}) == "abc~\nnext\n");
    const std::string ping = frame("ping", {.opcode = 9});
    CHECK(messages(begin + ping.substr(0, 8) + frame("ef", {.opcode = 0}),
                   {.hole_at = begin.size() + 8, .missing = 2}) == "abef\n");
}

TEST_CASE("websocket: a hole in a deflated message costs all, unless each stands alone") {
    Deflater deflater;
    const std::string packed = frame(deflater.message("Hello, hello, hello"), deflated);
    Deflater other;
    const std::string next = frame(other.message("next"), deflated);
    Setting setting = with_deflate;
    setting.hole_at = packed.size() - 2;
    setting.missing = 2;
    CHECK(messages(packed.substr(0, setting.hole_at) + next, setting).ends_with("~\ndeaf "));
    setting.extensions.no_context_takeover = true;
    CHECK(messages(packed.substr(0, setting.hole_at) + next, setting).ends_with("~\nnext\n"));
}

TEST_CASE("websocket: an unmasked message that lies in one piece is handed on where it is") {
    Budget budget(1 << 20);
    WebSocketReader reader({}, 1000, 1000, budget);
    Batch<Item> out;
    Text where;
    where.direction = Direction::to_client;
    const std::string stream = frame("Hello", plain);
    CHECK(!reader.push(as_bytes(stream), where, out));
    REQUIRE(out.size() == 1);
    CHECK(as_text(std::get<Text>(out[0]).data).data() == stream.data() + 2);
    CHECK(budget.used() == 0);
}
