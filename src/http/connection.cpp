// What a connection speaks is told by its first bytes, in each direction.
//
//     {"jsonrpc"…}␊             a whole line of JSON            Lines
//     PRI * HTTP/2.0␍␊␍␊SM…     the preface (RFC 9113, 3.4)     Http2
//     GET /mcp HTTP/1.1␍␊       a head, or events without one   Http1
//     SSH-2.0-…, \x16\x03\x01   known to be something else      given up at once
//     frame, frame, frame       HTTP/2 from its middle          Http2
//     anything else             may be the middle of HTTP/1     given up after 64 KiB
//
// As long as nothing is recognised, all but lines and the preface are given to an Http1 that looks
// for its place; what it skips is accounted for once it is known what it was. Before that, bytes
// pass a FrameFinder, which holds back what may be frames of HTTP/2. A connection is foreign when
// both directions are given up.
#include "http/connection.h"

#include <algorithm>
#include <variant>

#include "http/http1.h"
#include "http/http2.h"
#include "http/lines.h"

namespace umbratap::http {

namespace {

constexpr std::string_view http_2_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::uint64_t recognised_within_bytes = 64 * 1024;  // per direction
constexpr std::uint64_t frame_within_bytes = 16 * 1024 + 16;  // the rest of one, and the next

struct Foreign {
    std::uint64_t Unseen::*why = &Unseen::shunted;
    void push(const flow::StreamChunk& chunk, Turn& turn) const noexcept {
        turn.unseen.*why += chunk.data.size();
    }
};

/// Beginnings that say what follows, whatever it is: HTTP/2, and two that are none of ours.
constexpr std::array<std::string_view, 3> known_beginnings = {http_2_preface, "SSH-", "\x16\x03"};

std::string_view known_beginning(std::uint8_t first) noexcept {
    for (const std::string_view known : known_beginnings) {
        if (static_cast<std::uint8_t>(known.front()) == first) return known;
    }
    return {};
}

Bytes first_line(Bytes bytes) noexcept {
    const auto feed = std::find(bytes.begin(), bytes.end(), '\n');
    return bytes.first(static_cast<std::size_t>(feed - bytes.begin()) + (feed != bytes.end()));
}

/// Nothing is recognised yet.
struct Unknown {
    enum class Start : std::uint8_t { fresh, known, line, http };
    struct Side {
        explicit Side(Budget& budget) noexcept : kept(budget), frames(budget, frame_within_bytes) {}
        Start start = Start::fresh;
        std::string_view known;  // what it begins like
        Buffer kept;             // of that, or the line so far
        FrameFinder frames;
        std::uint64_t bytes = 0;  // that may be the middle of HTTP/1 or HTTP/2
        bool midstream = false;
        bool given_up = false;
        bool ended = false;

        bool has_preface() const noexcept {
            return start == Start::known && known == http_2_preface;
        }
    };

    Unknown(const Limits& limits, Budget& budget) noexcept
        : http1(limits, budget), sides{Side(budget), Side(budget)} {}

    Http1 http1;
    std::array<Side, 2> sides;
    Unseen skipped;           // by http1: accounted for once it is known what it was
    std::uint64_t unfed = 0;  // of directions that are given up
};

}  // namespace

class Connection::State {
public:
    State(const Limits& limits, Budget& budget)
        : limits_(limits),
          budget_(&budget),
          shelf_(budget),
          speaks_(std::in_place_type<Unknown>, limits_, budget) {}

    Problem push(const flow::StreamChunk& chunk, Batch<Item>& out) noexcept;
    void release() noexcept { shelf_.clear(); }
    Unseen take_unseen() noexcept { return std::exchange(unseen_, {}); }
    Speech speech() const noexcept;
    bool deaf() const noexcept;
    bool reversed() const noexcept;

private:
    void dispatch(const flow::StreamChunk& chunk, Turn& turn);
    void begin(const flow::StreamChunk& chunk, Turn& turn);
    bool keep_known(Unknown::Side& side, const flow::StreamChunk& chunk, Turn& turn);
    bool keep_line(Unknown::Side& side, const flow::StreamChunk& chunk, Turn& turn);
    void give(Bytes bytes, Direction direction, bool end, Turn& turn);
    void push_unclear(Unknown& unknown, const flow::StreamChunk& chunk, Turn& turn);
    void push_http1(Unknown& unknown, const flow::StreamChunk& chunk, Turn& turn);
    void become_http1(Unknown& unknown, const flow::StreamChunk& rest, Turn& turn);
    void become_http2(Unknown& unknown, Direction from, Bytes frames, Turn& turn);
    static void start_http2(const Unknown& unknown, Direction from, Bytes frames, Http2& http2);
    void upgrade_to_http2(Turn& turn);
    void become_foreign(const Unknown& unknown);
    void look_for_text(const flow::StreamChunk& chunk, Turn& turn) const;

    const Limits limits_;
    Budget* budget_;
    Shelf shelf_;
    Unseen unseen_;
    std::variant<Unknown, Http1, Lines, Http2, Foreign> speaks_;
};

Problem Connection::State::push(const flow::StreamChunk& chunk, Batch<Item>& out) noexcept {
    shelf_.clear();
    Turn turn{chunk, out, shelf_, unseen_};
    if (chunk.alternate) {
        look_for_text(chunk, turn);
    } else {
        dispatch(chunk, turn);
    }
    return turn.problem;
}

/// The one visit.
void Connection::State::dispatch(const flow::StreamChunk& chunk, Turn& turn) {
    std::visit(
        [&](auto& speaks) {
            if constexpr (std::is_same_v<std::decay_t<decltype(speaks)>, Unknown>) {
                begin(chunk, turn);
            } else {
                speaks.push(chunk, turn);
            }
        },
        speaks_);
    upgrade_to_http2(turn);
}

void Connection::State::begin(const flow::StreamChunk& chunk, Turn& turn) {
    Unknown& unknown = std::get<Unknown>(speaks_);
    Unknown::Side& side = unknown.sides[flow::index(chunk.direction)];
    side.ended = side.ended || chunk.end;
    if (side.start == Unknown::Start::fresh) {
        if (chunk.missing > 0 || (chunk.offset > 0 && !chunk.data.empty())) side.midstream = true;
        if (!chunk.data.empty()) {
            side.known = known_beginning(chunk.data.front());
            side.start = chunk.data.front() == '{' ? Unknown::Start::line
                         : side.known.empty()      ? Unknown::Start::http
                                                   : Unknown::Start::known;
        }
    }
    if (side.start == Unknown::Start::known && keep_known(side, chunk, turn)) return;
    if (side.start == Unknown::Start::line && keep_line(side, chunk, turn)) return;
    push_unclear(unknown, chunk, turn);
}

/// What was kept turned out to be something else; this direction and the connection are known
/// better now.
void Connection::State::give(Bytes bytes, Direction direction, bool end, Turn& turn) {
    if (bytes.empty() && !end) return;
    flow::StreamChunk before = turn.chunk;
    before.direction = direction;
    before.data = bytes;
    before.missing = 0;
    before.end = end;
    dispatch(before, turn);
}

/// False if it begins otherwise, and `chunk` is to be read as HTTP/1.
bool Connection::State::keep_known(Unknown::Side& side, const flow::StreamChunk& chunk,
                                   Turn& turn) {
    const std::size_t compared = std::min(chunk.data.size(), side.known.size() - side.kept.size());
    const std::string_view expected = side.known.substr(side.kept.size(), compared);
    const bool equal = chunk.missing == 0 && as_text(chunk.data.first(compared)) == expected;
    const bool whole = equal && side.kept.size() + compared == side.known.size();
    if (whole && side.has_preface()) {
        become_http2(std::get<Unknown>(speaks_), chunk.direction, chunk.data, turn);
        return true;
    }
    if (equal && !whole && !chunk.end && side.kept.append(chunk.data, side.known.size()))
        return true;
    side.start = Unknown::Start::http;
    side.given_up = whole;
    if (side.kept.empty()) return false;
    give(turn.shelf.keep(side.kept), chunk.direction, false, turn);
    dispatch(chunk, turn);
    return true;
}

/// False if it is no line, and `chunk` is to be read as HTTP/1.
bool Connection::State::keep_line(Unknown::Side& side, const flow::StreamChunk& chunk, Turn& turn) {
    const void* feed =
        chunk.data.empty() ? nullptr : std::memchr(chunk.data.data(), '\n', chunk.data.size());
    const std::size_t length =
        feed == nullptr
            ? chunk.data.size()
            : static_cast<std::size_t>(static_cast<const std::uint8_t*>(feed) - chunk.data.data());
    const bool over = feed != nullptr || chunk.end;
    flow::StreamChunk rest = chunk;
    bool kept = chunk.missing == 0 && length <= limits_.line_bytes_max;
    if (kept && (!over || !side.kept.empty())) {
        kept = side.kept.append(chunk.data.first(length), limits_.line_bytes_max);
        if (kept) rest.data = chunk.data.subspan(length);
        if (kept && !over) return true;
    }
    if (kept && plausible_line(side.kept.empty() ? chunk.data.first(length) : side.kept.bytes())) {
        Unknown unknown = std::move(std::get<Unknown>(speaks_));
        unseen_.shunted += unknown.sides[0].bytes + unknown.sides[1].bytes;
        speaks_.emplace<Lines>(limits_, *budget_);
        for (const Direction direction : {flow::opposite(chunk.direction), chunk.direction}) {
            give(turn.shelf.keep(unknown.sides[flow::index(direction)].kept), direction, false,
                 turn);
        }
        dispatch(rest, turn);
        return true;
    }
    side.start = Unknown::Start::http;
    if (side.kept.empty()) return false;
    give(turn.shelf.keep(side.kept), chunk.direction, false, turn);
    dispatch(rest, turn);
    return true;
}

/// What may be frames of HTTP/2 is held back; all else may be the middle of HTTP/1.
void Connection::State::push_unclear(Unknown& unknown, const flow::StreamChunk& chunk, Turn& turn) {
    Unknown::Side& side = unknown.sides[flow::index(chunk.direction)];
    side.bytes += chunk.data.size();
    flow::StreamChunk rest = chunk;
    if (chunk.missing > 0 && !side.frames.waiting().empty()) {
        flow::StreamChunk before = chunk;
        before.missing = 0;
        before.data = side.frames.take(turn.shelf);
        push_http1(unknown, before, turn);
        if (!std::holds_alternative<Unknown>(speaks_)) return dispatch(chunk, turn);
    }
    if (!side.given_up) {
        const FrameFinder::Found found =
            side.frames.next(chunk.data, FrameFinder::Expects::anything, chunk.end, turn.shelf);
        rest.data = found.skipped;
        if (!found.frames.empty()) {
            rest.end = false;
            if (!rest.data.empty()) push_http1(unknown, rest, turn);
            rest.end = chunk.end;
            rest.data = found.frames;
            if (!std::holds_alternative<Unknown>(speaks_)) return dispatch(rest, turn);
            return become_http2(unknown, chunk.direction, found.frames, turn);
        }
    }
    push_http1(unknown, rest, turn);
}

/// Line by line: a connection is recognised at the end of one, and what was held back of the other
/// direction comes before the next.
void Connection::State::push_http1(Unknown& unknown, const flow::StreamChunk& chunk, Turn& turn) {
    Unknown::Side& side = unknown.sides[flow::index(chunk.direction)];
    flow::StreamChunk line = chunk;
    for (Bytes rest = chunk.data;;) {
        line.data = side.given_up ? rest : first_line(rest);
        rest = rest.subspan(line.data.size());
        line.end = chunk.end && rest.empty();
        if (side.given_up) {
            unknown.unfed += line.data.size();
        } else {
            Turn apart{turn.chunk, turn.out, turn.shelf, unknown.skipped, turn.problem};
            unknown.http1.push(line, apart);
            turn.problem = apart.problem;
        }
        line.missing = 0;
        if (rest.empty() && (side.bytes >= recognised_within_bytes || chunk.end))
            side.given_up = true;
        // Events without a head may be those of an HTTP/2 stream.
        const bool certain = unknown.http1.head_found() || side.given_up;
        if (unknown.http1.recognised() && certain) {
            line.data = rest;
            line.end = chunk.end && !rest.empty();
            return become_http1(unknown, line, turn);
        }
        if (rest.empty()) break;
    }
    if (unknown.sides[0].given_up && unknown.sides[1].given_up) become_foreign(unknown);
}

/// `rest` comes behind what it was recognised by.
void Connection::State::become_http1(Unknown& known, const flow::StreamChunk& rest, Turn& turn) {
    Unknown unknown = std::move(known);
    unseen_.midstream += unknown.skipped.midstream + unknown.unfed;
    unseen_.shunted += unknown.skipped.shunted;
    unseen_.gap += unknown.skipped.gap;
    unseen_.unsupported += unknown.skipped.unsupported;
    unseen_.budget += unknown.skipped.budget;
    speaks_.emplace<Http1>(std::move(unknown.http1));
    for (const Direction direction : {flow::opposite(rest.direction), rest.direction}) {
        Unknown::Side& side = unknown.sides[flow::index(direction)];
        if (direction == rest.direction) give(rest.data, direction, rest.end, turn);
        give(turn.shelf.keep(side.kept), direction, false, turn);
        give(side.frames.take(turn.shelf), direction, false, turn);
    }
}

/// How an HTTP/2 connection is read whose direction `from` ends in `frames`.
void Connection::State::start_http2(const Unknown& unknown, Direction from, Bytes frames,
                                    Http2& http2) {
    const Unknown::Side& mine = unknown.sides[flow::index(from)];
    const Unknown::Side& other = unknown.sides[flow::index(flow::opposite(from))];
    const bool by_preface = mine.has_preface();
    const bool from_start = mine.frames.skipped() == 0 && !mine.midstream &&
                            frames.size() >= FrameHeader::size &&
                            read_frame_header(frames.data()).type == FrameType::settings;
    const bool other_from_start = other.frames.skipped() == 0 && !other.midstream &&
                                  (by_preface || other.start == Unknown::Start::fresh);
    if (!by_preface && !from_start) http2.start(from, Http2::Start::in_step);
    if (!other_from_start && !other.has_preface())
        http2.start(flow::opposite(from), Http2::Start::lost);
}

/// With what was kept before them, `frames` begin with the preface or with a frame.
void Connection::State::become_http2(Unknown& known, Direction from, Bytes frames, Turn& turn) {
    Unknown unknown = std::move(known);
    Turn apart{turn.chunk, turn.out, turn.shelf, unknown.skipped, turn.problem};
    unknown.http1.abandon(apart);
    turn.problem = apart.problem;
    Http2& http2 = speaks_.emplace<Http2>(limits_, *budget_, unknown.http1.last_exchange());
    start_http2(unknown, from, frames, http2);
    for (const Direction direction : {flow::opposite(from), from}) {
        Unknown::Side& side = unknown.sides[flow::index(direction)];
        const Bytes behind = direction == from ? frames : side.frames.take(turn.shelf);
        if (!side.has_preface()) unseen_.midstream += side.bytes - behind.size();
        give(turn.shelf.keep(side.kept), direction, false, turn);
        give(behind, direction, side.ended, turn);
    }
}

/// What follows a 101 that agreed to h2c goes to an Http2.
void Connection::State::upgrade_to_http2(Turn& turn) {
    auto* http1 = std::get_if<Http1>(&speaks_);
    if (http1 == nullptr) return;
    const auto upgrade = http1->take_http2_upgrade(turn);
    if (!upgrade) return;
    const ExchangeId last = http1->last_exchange();
    Http2& http2 = speaks_.emplace<Http2>(limits_, *budget_, last);
    http2.upgraded(upgrade->requests, upgrade->exchange, upgrade->request_bytes);
    for (const Direction direction : {Direction::to_server, Direction::to_client}) {
        const std::size_t i = flow::index(direction);
        if (upgrade->holed[i]) http2.start(direction, Http2::Start::lost);
        give(upgrade->following[i], direction, upgrade->ended[i], turn);
    }
}

void Connection::State::become_foreign(const Unknown& unknown) {
    Foreign foreign;
    const auto& sides = unknown.sides;
    if (sides[0].midstream || sides[1].midstream) foreign.why = &Unseen::midstream;
    unseen_.*foreign.why += sides[0].bytes + sides[1].bytes;
    speaks_.emplace<Foreign>(foreign);
}

/// Another reading of bytes that were read already: only its texts matter. One begins behind the
/// blank line of each head; where there is no head, at the first brace.
void Connection::State::look_for_text(const flow::StreamChunk& chunk, Turn& turn) const {
    constexpr std::string_view blank_line = "\r\n\r\n", body = "\r\n\r\n{";
    const std::string_view bytes = as_text(chunk.data);
    std::size_t at = bytes.find(body);
    at = at == std::string_view::npos ? bytes.find_first_of("{[") : at + blank_line.size();
    const auto* http1 = std::get_if<Http1>(&speaks_);
    while (at != std::string_view::npos) {
        const std::size_t next = bytes.find(body, at);
        Text text = turn.text(http1 == nullptr ? 0 : http1->exchange(chunk.direction),
                              TextKind::body, chunk.direction);
        text.data = as_bytes(bytes.substr(at, next - at));
        text.alternate = true;
        turn.out.emplace_back(text);
        at = next == std::string_view::npos ? next : next + blank_line.size();
    }
}

Speech Connection::State::speech() const noexcept {
    struct Visit {
        Speech operator()(const Unknown& unknown) const { return unknown.http1.speech(); }
        Speech operator()(const Http1& http1) const { return http1.speech(); }
        Speech operator()(const Lines&) const { return Speech::lines; }
        Speech operator()(const Http2&) const { return Speech::http_2; }
        Speech operator()(const Foreign&) const { return Speech::foreign; }
    };
    return std::visit(Visit{}, speaks_);
}

bool Connection::State::deaf() const noexcept {
    if (const auto* http1 = std::get_if<Http1>(&speaks_)) return http1->deaf();
    return std::holds_alternative<Foreign>(speaks_);
}

bool Connection::State::reversed() const noexcept {
    struct Visit {
        bool operator()(const Unknown& unknown) const { return unknown.http1.reversed(); }
        bool operator()(const Http1& http1) const { return http1.reversed(); }
        bool operator()(const Http2& http2) const { return http2.reversed(); }
        bool operator()(const Lines&) const { return false; }
        bool operator()(const Foreign&) const { return false; }
    };
    return std::visit(Visit{}, speaks_);
}

Connection::Connection(const Limits& limits, Budget& budget)
    : state_(std::make_unique<State>(limits, budget)) {}
Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

Problem Connection::push(const flow::StreamChunk& chunk, Batch<Item>& out) noexcept {
    return state_->push(chunk, out);
}
void Connection::release() noexcept {
    state_->release();
}
Unseen Connection::take_unseen() noexcept {
    return state_->take_unseen();
}
Speech Connection::speech() const noexcept {
    return state_->speech();
}
bool Connection::deaf() const noexcept {
    return state_->deaf();
}
bool Connection::reversed() const noexcept {
    return state_->reversed();
}

}  // namespace umbratap::http
