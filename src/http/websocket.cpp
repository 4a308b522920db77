// WebSocket messages of one direction (RFC 6455, 5.2).
//
//      0                   1                   2                   3
//     +-+-+-+-+-------+-+-------------+-------------------------------+
//     |F|R|R|R| op-   |M| length      | longer length: 2 bytes if 126 |
//     |I|S|S|S| code  |A| (7)         |                8 bytes if 127 |
//     |N|1|2|3|       |S|             |                               |
//     +-+-+-+-+-------+K+-------------+-------------------------------+
//     | key, 4 bytes if MASK          | payload, XORed with the key   |
//     +-------------------------------+-------------------------------+
//
// The frame header is read here and not by wslay: wslay_frame_recv copies each payload into a
// buffer of its own, unmasks it byte by byte, and stops for good at a long control frame or a
// length that is not minimal. Here an unmasked message that lies in one piece is handed on where it
// is, and what breaks a rule is told and read.
//
//     bytes ─ header ─ payload ─ unmask ─ inflate ─ TextCollector ─ Text
#include "http/websocket.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>

#include "base/inflate.h"
#include "http/shelf.h"
#include "http/text_collector.h"

namespace umbratap::http {

namespace {

constexpr std::size_t block_bytes = 4096;            // unmasked at a time; a multiple of the key
constexpr std::size_t inflate_step_bytes = 65536;    // at a time
constexpr std::uint64_t inflater_bytes = 48 * 1024;  // charged for zlib's window and state

/// RFC 7692, 7.2.2: the sender took these off the end of each message.
constexpr std::uint8_t deflate_tail[] = {0x00, 0x00, 0xff, 0xff};

constexpr bool is_control(unsigned opcode) noexcept {
    return opcode >= 8;
}
constexpr bool is_reserved(unsigned opcode) noexcept {
    return (opcode >= 3 && opcode <= 7) || opcode >= 11;
}

/// `key` begins with the byte for `in[0]`.
void unmask(Bytes in, std::uint32_t key, std::uint8_t* out) noexcept {
    const std::uint64_t two_keys = std::uint64_t{key} << 32 | key;
    std::size_t i = 0;
    for (; i + 8 <= in.size(); i += 8) {
        std::uint64_t eight;
        std::memcpy(&eight, in.data() + i, 8);
        eight ^= two_keys;
        std::memcpy(out + i, &eight, 8);
    }
    for (; i < in.size(); ++i) out[i] = static_cast<std::uint8_t>(in[i] ^ key >> 8 * (i % 4));
}

}  // namespace

struct WebSocketReader::State {
    State(const WebSocketExtensions& agreed, std::uint32_t text_bytes_max,
          std::uint64_t inflated_max, Budget& core_budget)
        : extensions(agreed),
          inflated_bytes_max(inflated_max),
          budget(core_budget),
          text(text_bytes_max, core_budget),
          shelf(core_budget) {}
    ~State() { forget_inflater(); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    WebSocketExtensions extensions;
    std::uint64_t inflated_bytes_max;
    Budget& budget;

    std::array<std::uint8_t, 14> header{};
    std::uint8_t header_size = 0;

    // The frame whose payload is being read:
    bool in_payload = false;
    bool final = false;       // the last of its message
    bool of_message = false;  // not a control frame, nor one of unknown meaning
    std::uint32_t key = 0;    // begins with the byte for the next payload byte
    std::uint64_t remaining = 0;

    // The message in progress:
    bool in_message = false;
    bool compressed = false;
    bool dropped = false;  // its beginning was handed on as damaged: the rest is passed over
    std::uint64_t message_deflated = 0;
    std::uint64_t message_inflated = 0;
    std::uint64_t message_inflated_max = 0;

    std::optional<Inflater> inflater;
    std::uint64_t deflated = 0;  // of all messages
    std::uint64_t inflated = 0;
    std::vector<std::uint8_t> scratch;

    bool deaf = false;
    Text where;
    TextCollector text;
    Shelf shelf;

    void read(Bytes data, Turn& turn);
    std::size_t header_wanted() const noexcept;
    void begin_frame(Turn& turn);
    void begin_data(unsigned opcode, bool rsv_1, Turn& turn);
    void check_mask(bool masked, Turn& turn) const;
    void take_payload(Bytes piece, Turn& turn);
    void take_unmasked(Bytes piece, bool lasting, Turn& turn);
    void inflate(Bytes piece, Turn& turn);
    void end_frame(Turn& turn);
    void end_message(bool damaged, Turn& turn);
    void lose(std::uint64_t missing, Turn& turn);
    void go_deaf(Turn& turn);
    void forget_inflater() noexcept;
};

void WebSocketReader::State::read(Bytes data, Turn& turn) {
    while (!data.empty() && !deaf) {
        if (in_payload) {
            const auto n =
                static_cast<std::size_t>(std::min<std::uint64_t>(remaining, data.size()));
            if (of_message && !dropped) take_payload(data.first(n), turn);
            remaining -= n;
            data = data.subspan(n);
        } else {
            header[header_size++] = data.front();
            data = data.subspan(1);
            if (header_size == header_wanted()) begin_frame(turn);
        }
        if (in_payload && remaining == 0 && !deaf) end_frame(turn);
    }
}

std::size_t WebSocketReader::State::header_wanted() const noexcept {
    if (header_size < 2) return 2;
    const unsigned length = header[1] & 0x7f;
    return 2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + (header[1] & 0x80 ? 4 : 0);
}

void WebSocketReader::State::begin_frame(Turn& turn) {
    const unsigned opcode = header[0] & 0x0f;
    const unsigned reserved_bits = header[0] & 0x70;
    const bool masked = header[1] & 0x80;
    final = header[0] & 0x80;

    remaining = header[1] & 0x7f;
    const bool minimal = remaining < 126 || (remaining == 126 ? big_endian_16(&header[2]) >= 126
                                                              : big_endian_64(&header[2]) >= 65536);
    if (remaining == 126) {
        remaining = big_endian_16(&header[2]);
    } else if (remaining == 127) {
        remaining = big_endian_64(&header[2]);
    }
    if (remaining >> 63 != 0) {
        turn.found(Problem{"websocket.length_too_large"});
        return go_deaf(turn);
    }
    if (!minimal) turn.found(Problem{"websocket.length_not_minimal"});
    check_mask(masked, turn);
    key = masked ? little_endian_32(&header[header_size - 4U]) : 0;
    in_payload = true;
    header_size = 0;

    const unsigned rsv_1 = extensions.deflate && (opcode == 1 || opcode == 2) ? 0x40 : 0;
    if (reserved_bits & ~rsv_1) turn.found(Problem{"websocket.reserved_bits"});
    if (is_reserved(opcode)) turn.found(Problem{"websocket.reserved_opcode"});
    if (is_control(opcode) && (remaining > 125 || !final)) {
        turn.found(Problem{"websocket.bad_control_frame"});
    }
    of_message = opcode <= 2;
    if (of_message) begin_data(opcode, reserved_bits & rsv_1, turn);
}

void WebSocketReader::State::check_mask(bool masked, Turn& turn) const {
    if (where.direction == Direction::to_server) {
        if (!masked) turn.found(Problem{"websocket.unmasked_client_frame"});
    } else if (masked) {
        turn.found(Problem{"websocket.masked_server_frame"});
    }
}

void WebSocketReader::State::begin_data(unsigned opcode, bool rsv_1, Turn& turn) {
    const bool continues = opcode == 0;
    if (continues && in_message) return;
    if (continues) turn.found(Problem{"websocket.unexpected_continuation"});
    if (in_message) {
        turn.found(Problem{"websocket.interrupted_message"});
        end_message(true, turn);
        if (deaf) return;
    }
    in_message = true;
    compressed = rsv_1;
    // What the messages before have left of the whole; none may have more than its share.
    const std::uint64_t whole = inflated_bytes_max + inflate_ratio_max * deflated;
    message_inflated_max = std::min(inflated_bytes_max, whole - inflated);
}

void WebSocketReader::State::take_payload(Bytes piece, Turn& turn) {
    if (key == 0) return take_unmasked(piece, true, turn);
    std::array<std::uint8_t, block_bytes> block;
    while (!piece.empty() && !deaf) {
        const Bytes masked = piece.first(std::min(piece.size(), block.size()));
        unmask(masked, key, block.data());
        key = std::rotr(key, static_cast<int>(8 * (masked.size() % 4)));
        take_unmasked({block.data(), masked.size()}, false, turn);
        piece = piece.subspan(masked.size());
    }
}

void WebSocketReader::State::take_unmasked(Bytes piece, bool lasting, Turn& turn) {
    if (!compressed) return text.add(piece, lasting, where, turn);
    deflated += piece.size();
    message_deflated += piece.size();
    inflate(piece, turn);
}

void WebSocketReader::State::inflate(Bytes piece, Turn& turn) {
    if (!inflater) {
        if (!budget.take(inflater_bytes)) {
            turn.found(Problem{"http.budget_used_up"});
            return go_deaf(turn);
        }
        inflater.emplace(Coding::raw_deflate);
    }
    for (;;) {
        const std::uint64_t room = message_inflated_max - message_inflated;
        const std::size_t step = std::min<std::uint64_t>(inflate_step_bytes, room + 1);
        scratch.clear();
        Problem broken = inflater->push(piece, step, scratch);
        if (scratch.size() > room) {
            scratch.pop_back();
            broken = Problem{"websocket.inflate_bomb"};
        } else if (broken) {
            broken = Problem{"websocket.bad_deflate"};
        }
        text.add(scratch, false, where, turn);
        message_inflated += scratch.size();
        inflated += scratch.size();
        if (broken) {
            turn.found(broken);
            return go_deaf(turn);
        }
        if (scratch.size() < step) return;
    }
}

void WebSocketReader::State::end_frame(Turn& turn) {
    in_payload = false;
    if (of_message && final) end_message(false, turn);
}

void WebSocketReader::State::end_message(bool damaged, Turn& turn) {
    if (message_deflated > 0 && !dropped) {
        inflate(deflate_tail, turn);
        if (deaf) return;
        if (extensions.no_context_takeover) inflater->reset();
    }
    text.end(where, damaged, turn);
    in_message = compressed = dropped = false;
    message_inflated = message_deflated = 0;
}

/// A hole that lies within one payload is known to the byte. It costs a message, unless it lies in
/// a control frame; and all messages, if the next ones are told in terms of the lost one.
void WebSocketReader::State::lose(std::uint64_t missing, Turn& turn) {
    if (!in_payload || missing > remaining) return go_deaf(turn);
    remaining -= missing;
    key = std::rotr(key, static_cast<int>(8 * (missing % 4)));
    if (of_message && !dropped) {
        if (compressed && !extensions.no_context_takeover) return go_deaf(turn);
        if (compressed && inflater) inflater->reset();
        text.end(where, true, turn);
        dropped = true;
    }
    if (remaining == 0) end_frame(turn);
}

void WebSocketReader::State::go_deaf(Turn& turn) {
    text.end(where, true, turn);
    deaf = true;
    scratch = {};
    forget_inflater();
}

void WebSocketReader::State::forget_inflater() noexcept {
    if (!inflater) return;
    inflater.reset();
    budget.give_back(inflater_bytes);
}

WebSocketReader::WebSocketReader(const WebSocketExtensions& extensions,
                                 std::uint32_t text_bytes_max, std::uint64_t inflated_bytes_max,
                                 Budget& budget)
    : state_(std::make_unique<State>(extensions, text_bytes_max, inflated_bytes_max, budget)) {}

WebSocketReader::~WebSocketReader() = default;
WebSocketReader::WebSocketReader(WebSocketReader&&) noexcept = default;
WebSocketReader& WebSocketReader::operator=(WebSocketReader&&) noexcept = default;

Problem WebSocketReader::push(Bytes data, const Text& where, Batch<Item>& out) noexcept {
    State& state = *state_;
    const std::uint64_t packet_before = state.where.packet_number;
    if (where.packet_number == 0 || where.packet_number != packet_before) state.shelf.clear();
    state.where = where;
    state.where.kind = TextKind::websocket_message;
    state.where.event_name = {};

    flow::StreamChunk chunk;
    chunk.data = data;
    Unseen unseen;
    Turn turn{chunk, out, state.shelf, unseen};
    state.read(data, turn);
    state.text.settle(state.where, turn);
    return turn.problem;
}

void WebSocketReader::lose(std::uint64_t missing, Batch<Item>& out) noexcept {
    if (state_->deaf) return;
    const flow::StreamChunk hole;
    Unseen unseen;
    Turn turn{hole, out, state_->shelf, unseen};
    state_->lose(missing, turn);
}

void WebSocketReader::lose() noexcept {
    Batch<Item> dropped;
    lose(UINT64_MAX, dropped);
}

bool WebSocketReader::deaf() const noexcept {
    return state_->deaf;
}

}  // namespace umbratap::http
