// What a connection speaks is told by its first bytes, in each direction.
//
//     {"jsonrpc"…}␊             a whole line of JSON            Lines
//     PRI * HTTP/2.0␍␊␍␊SM…     the preface (RFC 9113, 3.4)     Http2
//     GET /mcp HTTP/1.1␍␊       a head, or events without one   Http1
//     SSH-2.0-…, \x16\x03\x01   known to be something else      given up at once
//     anything else             may be the middle of HTTP/1     given up after 64 KiB
//
// As long as nothing is recognised, all but lines and the preface are given to an Http1 that looks
// for its place; what it skips is accounted for once it is known what it was. A connection is
// foreign when both directions are given up.
#include "http/connection.h"

#include <algorithm>
#include <variant>

#include "http/http1.h"
#include "http/lines.h"

namespace umbratap::http {

namespace {

constexpr std::string_view http_2_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::uint64_t recognised_within_bytes = 64 * 1024;  // per direction

/// Not read yet: named once, and counted.
struct Http2 {
    bool told = false;
    void push(const flow::StreamChunk& chunk, Turn& turn) noexcept {
        if (!told) turn.found(Problem{"http2.not_read"});
        told = true;
        turn.unseen.unsupported += chunk.data.size();
    }
};

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

/// Nothing is recognised yet.
struct Unknown {
    enum class Start : std::uint8_t { fresh, known, line, http };
    struct Side {
        explicit Side(Budget& budget) noexcept : kept(budget) {}
        Start start = Start::fresh;
        std::string_view known;   // what it begins like
        Buffer kept;              // of that, or the line so far
        std::uint64_t bytes = 0;  // that may be the middle of HTTP/1
        bool midstream = false;
        bool given_up = false;
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
    Unseen take_unseen() noexcept { return std::exchange(unseen_, {}); }
    Speech speech() const noexcept;
    bool deaf() const noexcept;
    bool reversed() const noexcept;

private:
    void dispatch(const flow::StreamChunk& chunk, Turn& turn);
    void begin(const flow::StreamChunk& chunk, Turn& turn);
    bool keep_known(Unknown::Side& side, const flow::StreamChunk& chunk, Turn& turn);
    bool keep_line(Unknown::Side& side, const flow::StreamChunk& chunk, Turn& turn);
    void give_kept(Buffer& kept, Direction direction, Turn& turn);
    void push_http1(Unknown& unknown, const flow::StreamChunk& chunk, Turn& turn);
    void become_http1(Unknown& unknown, Turn& turn);
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
}

void Connection::State::begin(const flow::StreamChunk& chunk, Turn& turn) {
    Unknown& unknown = std::get<Unknown>(speaks_);
    Unknown::Side& side = unknown.sides[flow::index(chunk.direction)];
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
    push_http1(unknown, chunk, turn);
}

/// What was kept turned out to be something else; this direction and the connection are known
/// better now.
void Connection::State::give_kept(Buffer& kept, Direction direction, Turn& turn) {
    if (kept.empty()) return;
    flow::StreamChunk before = turn.chunk;
    before.direction = direction;
    before.data = turn.shelf.keep(kept);
    before.missing = 0;
    before.end = false;
    dispatch(before, turn);
}

/// False if it begins otherwise, and `chunk` is to be read as HTTP/1.
bool Connection::State::keep_known(Unknown::Side& side, const flow::StreamChunk& chunk,
                                   Turn& turn) {
    const std::size_t compared = std::min(chunk.data.size(), side.known.size() - side.kept.size());
    const std::string_view expected = side.known.substr(side.kept.size(), compared);
    const bool equal = chunk.missing == 0 && as_text(chunk.data.first(compared)) == expected;
    const bool whole = equal && side.kept.size() + compared == side.known.size();
    if (whole && side.known == http_2_preface) {
        // What the server said meanwhile was its part of the same.
        const Unknown& unknown = std::get<Unknown>(speaks_);
        unseen_.unsupported += side.kept.size() + unknown.sides[0].bytes + unknown.sides[1].bytes;
        speaks_.emplace<Http2>();
        dispatch(chunk, turn);
        return true;
    }
    if (equal && !whole && !chunk.end && side.kept.append(chunk.data, side.known.size()))
        return true;
    side.start = Unknown::Start::http;
    side.given_up = whole;
    if (side.kept.empty()) return false;
    give_kept(side.kept, chunk.direction, turn);
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
            give_kept(unknown.sides[flow::index(direction)].kept, direction, turn);
        }
        dispatch(rest, turn);
        return true;
    }
    side.start = Unknown::Start::http;
    if (side.kept.empty()) return false;
    give_kept(side.kept, chunk.direction, turn);
    dispatch(rest, turn);
    return true;
}

void Connection::State::push_http1(Unknown& unknown, const flow::StreamChunk& chunk, Turn& turn) {
    Unknown::Side& side = unknown.sides[flow::index(chunk.direction)];
    side.bytes += chunk.data.size();
    if (side.given_up) {
        unknown.unfed += chunk.data.size();
    } else {
        Turn apart{turn.chunk, turn.out, turn.shelf, unknown.skipped, turn.problem};
        unknown.http1.push(chunk, apart);
        turn.problem = apart.problem;
        if (unknown.http1.recognised()) return become_http1(unknown, turn);
    }
    if (side.bytes >= recognised_within_bytes || chunk.end) side.given_up = true;
    if (unknown.sides[0].given_up && unknown.sides[1].given_up) become_foreign(unknown);
}

void Connection::State::become_http1(Unknown& known, Turn& turn) {
    Unknown unknown = std::move(known);
    unseen_.midstream += unknown.skipped.midstream + unknown.unfed;
    unseen_.shunted += unknown.skipped.shunted;
    unseen_.gap += unknown.skipped.gap;
    unseen_.unsupported += unknown.skipped.unsupported;
    unseen_.budget += unknown.skipped.budget;
    speaks_.emplace<Http1>(std::move(unknown.http1));
    for (const Direction direction : {Direction::to_server, Direction::to_client}) {
        give_kept(unknown.sides[flow::index(direction)].kept, direction, turn);
    }
}

void Connection::State::become_foreign(const Unknown& unknown) {
    Foreign foreign;
    const auto& sides = unknown.sides;
    if (sides[0].midstream || sides[1].midstream) foreign.why = &Unseen::midstream;
    unseen_.*foreign.why += sides[0].bytes + sides[1].bytes;
    speaks_.emplace<Foreign>(foreign);
}

/// Another reading of bytes that were read already: only its text matters. It begins behind the
/// blank line of a head, if there is one.
void Connection::State::look_for_text(const flow::StreamChunk& chunk, Turn& turn) const {
    const std::string_view bytes = as_text(chunk.data);
    std::size_t at = bytes.find("\r\n\r\n{");
    at = at == std::string_view::npos ? bytes.find_first_of("{[") : at + 4;
    if (at == std::string_view::npos) return;
    const auto* http1 = std::get_if<Http1>(&speaks_);
    Text text = turn.text(http1 == nullptr ? 0 : http1->exchange(chunk.direction), TextKind::body,
                          chunk.direction);
    text.data = chunk.data.subspan(at);
    text.alternate = true;
    turn.out.emplace_back(text);
}

Speech Connection::State::speech() const noexcept {
    struct Visit {
        Speech operator()(const Unknown&) const { return Speech::unknown; }
        Speech operator()(const Http1& http1) const { return http1.speech(); }
        Speech operator()(const Lines&) const { return Speech::lines; }
        Speech operator()(const Http2&) const { return Speech::http_2; }
        Speech operator()(const Foreign&) const { return Speech::foreign; }
    };
    return std::visit(Visit{}, speaks_);
}

bool Connection::State::deaf() const noexcept {
    if (const auto* http1 = std::get_if<Http1>(&speaks_)) return http1->deaf();
    return std::holds_alternative<Http2>(speaks_) || std::holds_alternative<Foreign>(speaks_);
}

bool Connection::State::reversed() const noexcept {
    const auto* http1 = std::get_if<Http1>(&speaks_);
    return http1 != nullptr && http1->reversed();
}

Connection::Connection(const Limits& limits, Budget& budget)
    : state_(std::make_unique<State>(limits, budget)) {}
Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;

Problem Connection::push(const flow::StreamChunk& chunk, Batch<Item>& out) noexcept {
    return state_->push(chunk, out);
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
